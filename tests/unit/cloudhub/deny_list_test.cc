#include "cloudcore/cloudhub/deny_list.h"

#include "cloudcore/cloudhub/identity_nodes.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "tests/support/fake_identity_store.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;

namespace {
const NodeName kNode("gw");
const WallTime kNow{std::chrono::seconds(1'800'000'000)};
WallTime not_before(WallTime issued) { return issued - kCertificateBackdate; }
}  // namespace

TEST_CASE("DenySet: all issued so far, and single serials", "[cloudhub]") {
  DenySet set;
  CHECK_FALSE(set.is_denied(kNode, "1", not_before(kNow)));
  set.deny_issued_until(kNode, kNow, "lost");
  CHECK(set.is_denied(kNode, "1", not_before(kNow - 1h)));
  CHECK(set.is_denied(kNode, "1", not_before(kNow)));
  CHECK_FALSE(set.is_denied(kNode, "1", not_before(kNow + 1s)));
  CHECK_FALSE(set.is_denied(NodeName("other"), "1", not_before(kNow)));
  set.deny_serial(kNode, "77", kNow, "replaced");
  CHECK(set.is_denied(kNode, "77", not_before(kNow + 1h)));
  set.deny_issued_until(kNode, kNow - 1h, "late");  // never goes back
  CHECK(set.is_denied(kNode, "1", not_before(kNow)));

  Result<DenySet> read = DenySet::decode(set.encode());
  REQUIRE(read);
  CHECK(read->encode() == set.encode());
  CHECK(read->is_denied(kNode, "1", not_before(kNow)));
  CHECK(read->is_denied(kNode, "77", not_before(kNow + 1h)));
}

TEST_CASE("DenySet: entries live as long as a certificate could be renewed", "[cloudhub]") {
  DenySet set;
  set.deny_issued_until(kNode, kNow, "lost");
  set.prune(kNow + kNodeCertificateLife + kRenewAfterExpiryMax);
  CHECK(set.size() == 1);
  set.prune(kNow + kDenyEntryLife + 1s);
  CHECK(set.size() == 0);
}

TEST_CASE("DenySet: a damaged list is an error, never an empty list", "[cloudhub]") {
  for (const char* bad : {"", "[]", "{\"gw\":1}", R"({"gw":{"at":"yesterday"}})",
                          R"({"gw":{"issuedUntil":5}})", R"({"gw":{"serials":[1]}})"}) {
    CAPTURE(bad);
    CHECK_FALSE(DenySet::decode(bad));
  }
}

TEST_CASE("DenyList: two writers at a time lose no entry", "[cloudhub]") {
  boost::asio::io_context loop;
  auto store = std::make_shared<test::FakeIdentityStore>();
  int ended = 0;
  for (int i = 0; i < 6; ++i) {
    const NodeName node("gw-" + std::to_string(i));
    boost::asio::co_spawn(loop, revoke_node(store, node, kNow, "test"),
                          [&ended](std::exception_ptr failure, Result<bool> known) {
                            REQUIRE_FALSE(failure);
                            REQUIRE(known);
                            CHECK_FALSE(*known);
                            ++ended;
                          });
  }
  loop.run();
  CHECK(ended == 6);
  CHECK(test::run_task(loop, read_deny_list(store))->size() == 6);
}

TEST_CASE("DenyListWatch: a revocation is told, an outage keeps the last list", "[cloudhub]") {
  boost::asio::io_context loop;
  auto store = std::make_shared<test::FakeIdentityStore>();
  async::Wakeup told(loop.get_executor());
  std::vector<std::size_t> sizes;
  const auto listener = [&](std::shared_ptr<const DenySet> set) {
    sizes.push_back(set->size());
    told.notify();
  };
  auto watch = std::make_shared<DenyListWatch>(loop.get_executor(), store, seam::posix_world(),
                                               listener, 1ms);
  CHECK(watch->current() == nullptr);
  store->faults = {{{Code::kUnavailable, "away", {}}, false}};
  async::TaskGroup tasks(loop.get_executor());
  tasks.spawn("watch", DenyListWatch::run(watch));
  while (!store->faults.empty()) loop.run_one();
  CHECK(watch->current() == nullptr);

  const auto script = [&]() -> async::Task<void> {
    const TimePoint deadline = std::chrono::steady_clock::now() + 30s;
    while (sizes.empty()) {
      const bool in_time = co_await told.wait_until(deadline);
      REQUIRE(in_time);
    }
    CHECK(sizes == std::vector<std::size_t>{0});
    Result<bool> revoked = co_await revoke_node(store, kNode, kNow, "lost");
    REQUIRE(revoked);
    while (sizes.size() < 2) {
      const bool in_time = co_await told.wait_until(deadline);
      REQUIRE(in_time);
    }
    CHECK(sizes == std::vector<std::size_t>{0, 1});
    store->records.at("skerry-deny-list").data["entries.json"] = "damaged";
    for (int i = 0; i < 8; ++i) store->faults.push_back({{Code::kUnavailable, "away", {}}, false});
    while (!store->faults.empty()) co_await async::sleep_for(1ms);
    CHECK(watch->current()->size() == 1);
    watch->stop();
    co_await tasks.join();
  };
  test::run_task(loop, script());
}
