#include "cloudcore/cloudhub/ca_set.h"

#include <algorithm>

#include "common/tls/certificate.h"
#include "tests/support/fake_identity_store.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;

namespace {

constexpr auto kDay = std::chrono::hours(24);
constexpr auto kPatience = 30 * kDay;
const WallTime kNow{std::chrono::seconds(1'800'000'000)};

tls::Authority ca(const std::string& name) { return *tls::make_authority(name, kNow); }

std::size_t certificates_in(const std::string& bundle) {
  return tls::parse_chain(bundle)->size();
}

NodeIdentity node(const std::string& name, WallTime not_after, const std::string& held) {
  NodeIdentity identity;
  identity.node = NodeName(name);
  identity.serial = name + "-serial";
  identity.issued = kNow - 10 * kDay;
  identity.not_after = not_after;
  identity.ca_held = held;
  return identity;
}

}  // namespace

TEST_CASE("CaSet: a CA is made only when the store says there is none, and only once",
          "[cloudhub]") {
  boost::asio::io_context loop;
  test::ManualWorld world;
  auto store = std::make_shared<test::FakeIdentityStore>();
  for (const Code code : {Code::kUnavailable, Code::kForbidden, Code::kTimeout, Code::kMalformed}) {
    store->faults = {{{code, "no", {}}, false}};
    CHECK_FALSE(test::run_task(loop, load_ca_set(store, world.world(), {})));
    CHECK(store->records.empty());
  }
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i) {  // three cloudcores start at once
    boost::asio::co_spawn(loop, load_ca_set(store, world.world(), {}),
                          [&made](std::exception_ptr failure, Result<CaSet> set) {
                            REQUIRE_FALSE(failure);
                            REQUIRE(set);
                            made.push_back(set->current.certificate_pem);
                          });
  }
  loop.restart();
  loop.run();
  REQUIRE(made.size() == 3);
  CHECK(made[0] == made[1]);
  CHECK(made[1] == made[2]);
  store->records.at("skerry-ca").data.erase("tls.key");
  Result<CaSet> broken = test::run_task(loop, load_ca_set(store, world.world(), {}));
  REQUIRE_FALSE(broken);
  CHECK_THAT(broken.error().what, Catch::Matchers::Contains("restore it"));
}

TEST_CASE("CaSet: the next CA waits for every node that may come back", "[cloudhub]") {
  CaSet set{.current = ca("one"), .next = {}, .former = {}, .resource_version = {}};
  CHECK(nodes_without_next(set, {node("a", kNow + kDay, "")}, {}, kNow).empty());
  set = with_next(std::move(set), ca("two"), kNow, false);
  const std::string hash = ca_hash(set.next->authority.certificate_pem);
  DenySet denied;
  denied.deny_issued_until(NodeName("revoked"), kNow, "stolen");
  const std::vector<NodeIdentity> nodes = {
      node("told", kNow + kDay, hash),        node("away", kNow + kDay, ""),
      node("another", kNow + kDay, "abcdef"), node("expired", kNow - 300 * kDay, ""),
      node("dead", kNow - 366 * kDay, ""),    node("revoked", kNow + kDay, ""),
  };
  CHECK(nodes_without_next(set, nodes, denied, kNow) ==
        std::vector{NodeName("another"), NodeName("away"), NodeName("expired")});
}

TEST_CASE("CaSet: steps", "[cloudhub]") {
  struct Row {
    const char* what;
    bool next, forced;
    Duration next_age;
    std::size_t without;
    std::optional<Duration> former_age;
    CaStep step;
  };
  const auto row = GENERATE(values<Row>({
      {"nothing to do", false, false, 0s, 0, {}, CaStep::kNone},
      {"a node lacks it", true, false, 29 * kDay, 1, {}, CaStep::kNone},
      {"everybody holds it", true, false, 0s, 0, {}, CaStep::kUseNext},
      {"patience is over", true, false, 30 * kDay, 7, {}, CaStep::kUseNext},
      {"an administrator says now", true, true, 0s, 7, {}, CaStep::kUseNext},
      {"a former one's certificates may still be renewed", false, false, 0s, 0, 394 * kDay,
       CaStep::kNone},
      {"nobody can use a former one", false, false, 0s, 0, 395 * kDay, CaStep::kForgetFormer},
      {"both at once: one after the other", true, true, 0s, 0, 395 * kDay, CaStep::kUseNext},
  }));
  INFO(row.what);
  CaSet set{.current = ca("one"), .next = {}, .former = {}, .resource_version = {}};
  if (row.next) {
    set = with_next(std::move(set), ca("two"), kNow - row.next_age, row.forced);
  }
  if (row.former_age) {
    set.former.push_back({ca("zero").certificate_pem, kNow - *row.former_age});
  }
  CHECK(next_step(set, row.without, kNow, kPatience) == row.step);
}

TEST_CASE("CaSet: what edges trust does not change when the next CA comes into use", "[cloudhub]") {
  CaSet set{.current = ca("one"), .next = {}, .former = {}, .resource_version = {}};
  const std::string first = set.current.certificate_pem;
  CHECK(edge_bundle(set, kNow) == first);
  set = with_next(std::move(set), ca("two"), kNow, false);
  const std::string both = edge_bundle(set, kNow);
  CHECK(certificates_in(both) == 2);
  const std::string second = set.next->authority.certificate_pem;
  set = take_step(std::move(set), CaStep::kUseNext, kNow);
  CHECK(set.current.certificate_pem == second);
  CHECK_FALSE(set.next);
  CHECK(edge_bundle(set, kNow) == both);  // or every edge would be told once more
  CHECK(edge_bundle(set, kNow + 29 * kDay) == both);
  CHECK(edge_bundle(set, kNow + 30 * kDay) == second);
  CHECK(certificates_in(node_issuers(set)) == 2);  // an expired certificate may be renewed
  const WallTime end = kNow + 395 * kDay;
  CHECK(next_step(set, 0, end, kPatience) == CaStep::kForgetFormer);
  CHECK(node_issuers(take_step(set, CaStep::kForgetFormer, end)) == second);
}

TEST_CASE("CaSet: the record keeps all of it, and a damaged one is not guessed at", "[cloudhub]") {
  CaSet set{.current = ca("one"), .next = {}, .former = {}, .resource_version = {}};
  set = with_next(std::move(set), ca("two"), kNow, false);
  set = take_step(std::move(set), CaStep::kUseNext, kNow);
  set = with_next(std::move(set), ca("three"), kNow + 1h, true);
  const Record record = encode_ca_set(set);
  const Result<CaSet> read = decode_ca_set(record);
  REQUIRE(read);
  CHECK(read->current.key_pem == set.current.key_pem);
  REQUIRE(read->next);
  CHECK(read->next->authority.certificate_pem == set.next->authority.certificate_pem);
  CHECK(read->next->since == kNow + 1h);
  CHECK(read->next->forced);
  REQUIRE(read->former.size() == 1);
  CHECK(read->former[0].retired == kNow);
  for (const char* rotation : {"", "x", "[]", R"({"nextSince":7})", R"({"former":[7]})"}) {
    Record damaged = record;
    damaged.data["rotation.json"] = rotation;
    CHECK_FALSE(decode_ca_set(damaged));
  }
}

TEST_CASE("CaSet: a given CA that is not known is the next one, not the one in use", "[cloudhub]") {
  boost::asio::io_context loop;
  test::ManualWorld world;
  auto store = std::make_shared<test::FakeIdentityStore>();
  const tls::Authority first = ca("first"), second = ca("second");
  const auto load = [&](std::optional<tls::Authority> given) {
    return test::run_task(loop, load_ca_set(store, world.world(), std::move(given)));
  };
  CHECK(load(first)->current.certificate_pem == first.certificate_pem);
  CHECK_FALSE(load(first)->next);
  CHECK_FALSE(load({})->next);
  const int writes = store->writes;
  const Result<CaSet> set = load(second);
  REQUIRE(set);
  CHECK(set->current.certificate_pem == first.certificate_pem);
  REQUIRE(set->next);
  CHECK(set->next->authority.certificate_pem == second.certificate_pem);
  CHECK(load(second)->next->since == set->next->since);  // said again: nothing new
  CHECK(load(first)->next);
  CHECK(store->writes == writes + 1);
  CHECK_FALSE(load(tls::Authority{"not PEM", "not PEM"}));
}

TEST_CASE("CaSet: one rotation at a time, unless it is to end at once", "[cloudhub]") {
  boost::asio::io_context loop;
  test::ManualWorld world;
  auto store = std::make_shared<test::FakeIdentityStore>();
  const auto rotate = [&](bool at_once) {
    return test::run_task(loop, rotate_ca(store, world.world(), at_once));
  };
  CHECK(rotate(false).error().code == Code::kNotFound);  // nothing is made by a command
  REQUIRE(test::run_task(loop, load_ca_set(store, world.world(), {})));
  std::vector<Result<CaSet>> raced;
  for (int i = 0; i < 3; ++i) {  // three administrators at once
    boost::asio::co_spawn(loop, rotate_ca(store, world.world(), false),
                          [&raced](std::exception_ptr failure, Result<CaSet> set) {
                            REQUIRE_FALSE(failure);
                            raced.push_back(std::move(set));
                          });
  }
  loop.restart();
  loop.run();
  const auto won = [](const Result<CaSet>& set) { return set.has_value(); };
  REQUIRE(raced.size() == 3);
  REQUIRE(std::count_if(raced.begin(), raced.end(), won) == 1);
  const Result<CaSet> first = *std::find_if(raced.begin(), raced.end(), won);
  REQUIRE(first->next);
  CHECK_FALSE(first->next->forced);
  CHECK(rotate(false).error().code == Code::kConflict);
  Result<CaSet> at_once = rotate(true);
  REQUIRE(at_once);
  CHECK(at_once->next->forced);
  CHECK(at_once->next->authority.certificate_pem == first->next->authority.certificate_pem);
}
