#include "cloudcore/cloudhub/join_tokens.h"
#include "tests/support/fake_identity_store.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;

namespace {

const std::string kCaHash(64, 'a');

TokenUse use_of(const std::string& node, const std::string& key, WallTime now) {
  static int serial = 0;
  return {.node = NodeName(node),
          .key_hash = key,
          .serial = "s" + std::to_string(++serial),
          .certificate_pem = "certificate of " + key,
          .issued = std::chrono::time_point_cast<std::chrono::seconds>(now),
          .not_after = now + kNodeCertificateLife};
}

struct Bench {
  boost::asio::io_context loop;
  test::ManualWorld world;
  std::shared_ptr<test::FakeIdentityStore> store = std::make_shared<test::FakeIdentityStore>();
  JoinTokens tokens{store, world.world()};
  int issued = 0;

  PrintedToken create(TokenWish wish = {}) {
    Result<PrintedToken> printed = test::run_task(loop, tokens.create(wish, kCaHash));
    REQUIRE(printed);
    return *printed;
  }
  JoinTokens::Redemption redemption(const std::string& token,
                                    const std::string& node,
                                    const std::string& key) {
    JoinTokens::Redemption asked;
    asked.token = parse_presented_token(token).value_or(PresentedToken{});
    asked.node = NodeName(node);
    asked.key_hash = key;
    asked.issue = [this, node, key](const JoinToken&) -> Result<TokenUse> {
      ++issued;
      return use_of(node, key, world.wall());
    };
    return asked;
  }
  Result<JoinTokens::Redeemed> redeem(const std::string& token,
                                      const std::string& node,
                                      const std::string& key) {
    return test::run_task(loop, tokens.redeem(redemption(token, node, key)));
  }
};

std::string presented(const PrintedToken& token) { return token.id + "." + token.secret; }

}  // namespace

TEST_CASE("JoinToken: the printed form is one word, and the secret is not in the store",
          "[cloudhub]") {
  Bench bench;
  const PrintedToken printed = bench.create({.node = NodeName("gw"), .labels = {{"a", "b"}}});
  CHECK(printed.text().size() == 64 + 1 + 6 + 1 + 32);
  CHECK(printed.text().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.") ==
        std::string::npos);
  for (const auto& [name, record] : bench.store->records) {
    for (const auto& [key, value] : record.data) {
      CHECK(value.find(printed.secret) == std::string::npos);
    }
  }
  Result<std::vector<JoinToken>> listed = test::run_task(bench.loop, bench.tokens.list());
  REQUIRE(listed);
  REQUIRE(listed->size() == 1);
  CHECK(listed->front().node == NodeName("gw"));
  CHECK(listed->front().labels == Labels{{"a", "b"}});
  CHECK(listed->front().expires == bench.world.wall() + 24h);
}

TEST_CASE("JoinToken: what is not to the letter a token is refused", "[cloudhub]") {
  Bench bench;
  const std::string good = presented(bench.create());
  CHECK(parse_presented_token(good));
  std::vector<std::string> bad = {
      "",          ".",         good + "0",           " " + good,
      good + "\n", "x." + good, std::string(39, 'a'), good.substr(0, 6) + ":" + good.substr(7)};
  for (std::size_t size = 0; size < good.size(); ++size) bad.push_back(good.substr(0, size));
  std::string upper = good;
  upper.replace(7, 32, "ABCDEFABCDEFABCDEFABCDEFABCDEFAB");
  bad.push_back(upper);
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK_FALSE(parse_presented_token(text));
  }
}

TEST_CASE("JoinToken: each wrong use is refused with its own reason and costs nothing",
          "[cloudhub]") {
  Bench bench;
  const PrintedToken bound = bench.create({.node = NodeName("gw")});
  const std::string good = presented(bound);
  const auto refused = [&bench](const std::string& token, const char* node, const char* key) {
    Result<JoinTokens::Redeemed> answer = bench.redeem(token, node, key);
    REQUIRE_FALSE(answer);
    return answer.error();
  };

  // One bit changed in any digit of the secret: still well-formed or not, never accepted.
  for (std::size_t at = 7; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = changed[at] == '0' ? '1' : '0';
    CHECK(refused(changed, "gw", "key").code == Code::kUnauthorized);
  }
  const Error unknown = refused("zzzzzz." + bound.secret, "gw", "key");
  CHECK(unknown.code == Code::kUnauthorized);
  CHECK(unknown.what == refused(bound.id + "." + std::string(32, '0'), "gw", "key").what);

  const Error other = refused(good, "other", "key");
  CHECK(other.code == Code::kForbidden);
  CHECK(other.what.find("for node \"gw\"") != std::string::npos);

  bench.world.advance(24h);
  const Error expired = refused(good, "gw", "key");
  CHECK(expired.code == Code::kUnauthorized);
  CHECK(expired.what.find("expired at 2027-01-16T08:00:00Z") != std::string::npos);
  CHECK(bench.issued == 0);
}

TEST_CASE("JoinToken: the same key gets the same certificate again, another key nothing",
          "[cloudhub]") {
  Bench bench;
  const std::string token = presented(bench.create());
  Result<JoinTokens::Redeemed> first = bench.redeem(token, "gw", "key-1");
  REQUIRE(first);
  CHECK_FALSE(first->repeated);
  bench.world.advance(30h);  // also after the token's end
  Result<JoinTokens::Redeemed> again = bench.redeem(token, "gw", "key-1");
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->use.serial == first->use.serial);
  CHECK(again->use.certificate_pem == first->use.certificate_pem);
  bench.world.advance(-30h);

  Result<JoinTokens::Redeemed> other_key = bench.redeem(token, "gw", "key-2");
  REQUIRE_FALSE(other_key);
  CHECK(other_key.error().what.find("used up at 2027-01-15T08:00:00Z by node \"gw\"") !=
        std::string::npos);
  Result<JoinTokens::Redeemed> other_node = bench.redeem(token, "gw-2", "key-1");
  CHECK_FALSE(other_node);
  CHECK(bench.issued == 1);
}

TEST_CASE("JoinToken: of two racers exactly one wins, a thousand times", "[cloudhub]") {
  Bench bench;
  for (int round = 0; round < 1000; ++round) {
    const std::string token = presented(bench.create());
    int won = 0;
    int ended = 0;
    for (const char* key : {"key-a", "key-b"}) {
      const auto on_end = [&](std::exception_ptr failure, Result<JoinTokens::Redeemed> answer) {
        REQUIRE_FALSE(failure);
        ++ended;
        if (answer) ++won;
      };
      boost::asio::co_spawn(bench.loop, bench.tokens.redeem(bench.redemption(token, "gw", key)),
                            on_end);
    }
    bench.loop.restart();
    bench.loop.run();
    REQUIRE(ended == 2);
    REQUIRE(won == 1);
    const Record& record = bench.store->records.at("join-token-" + token.substr(0, 6));
    REQUIRE(decode_token(record)->uses.size() == 1);
  }
}

TEST_CASE("JoinToken: a reusable token is good for so many joins and no more", "[cloudhub]") {
  Bench bench;
  const std::string token = presented(bench.create({.uses_max = 5}));
  int won = 0;
  int ended = 0;
  for (int i = 0; i < 12; ++i) {
    const auto on_end = [&](std::exception_ptr failure, Result<JoinTokens::Redeemed> answer) {
      REQUIRE_FALSE(failure);
      ++ended;
      if (answer) ++won;
    };
    const std::string name = "gw-" + std::to_string(i);
    boost::asio::co_spawn(bench.loop, bench.tokens.redeem(bench.redemption(token, name, name)),
                          on_end);
  }
  bench.loop.restart();
  bench.loop.run();
  CHECK(ended == 12);
  CHECK(won == 5);
}

TEST_CASE("JoinToken: a write whose answer is lost is repeated to the same certificate",
          "[cloudhub]") {
  Bench bench;
  const std::string token = presented(bench.create());
  bench.store->faults = {{{Code::kUnavailable, "read refused", {}}, false}};
  CHECK(bench.redeem(token, "gw", "key").error().code == Code::kUnavailable);
  CHECK(bench.issued == 0);

  JoinTokens::Redemption asked = bench.redemption(token, "gw", "key");
  // The read succeeds, the write's answer is lost.
  asked.issue = [&bench](const JoinToken&) -> Result<TokenUse> {
    bench.store->faults = {{{Code::kTimeout, "no answer", {}}, true}};
    return use_of("gw", "key", bench.world.wall());
  };
  Result<JoinTokens::Redeemed> lost =
      test::run_task(bench.loop, bench.tokens.redeem(std::move(asked)));
  REQUIRE_FALSE(lost);
  CHECK(is_retryable(lost.error().code));
  Result<JoinTokens::Redeemed> again = bench.redeem(token, "gw", "key");
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK_FALSE(bench.redeem(token, "gw", "other-key"));
}

TEST_CASE("JoinToken: wishes beyond the limits are refused", "[cloudhub]") {
  CHECK(check_wish({}));
  CHECK_FALSE(check_wish({.life = 25h}));
  CHECK_FALSE(check_wish({.life = 0s}));
  CHECK_FALSE(check_wish({.uses_max = 0}));
  CHECK_FALSE(check_wish({.uses_max = 1000}));
  CHECK_FALSE(check_wish({.node = NodeName("gw"), .uses_max = 2}));
}

TEST_CASE("JoinToken: delete and sweep", "[cloudhub]") {
  Bench bench;
  const PrintedToken kept = bench.create({.life = 24h});
  const PrintedToken old = bench.create({.life = 1h});
  bench.world.advance(26h);
  Result<std::size_t> swept = test::run_task(bench.loop, bench.tokens.sweep());
  CHECK(swept.value() == 1);
  CHECK(bench.store->records.contains(token_record_name(kept.id)));
  CHECK_FALSE(bench.store->records.contains(token_record_name(old.id)));
  CHECK(test::run_task(bench.loop, bench.tokens.remove(kept.id)));
  Result<void> again = test::run_task(bench.loop, bench.tokens.remove(kept.id));
  REQUIRE_FALSE(again);
  CHECK(again.error().what.find("token list") != std::string::npos);
}

TEST_CASE("JoinToken: which labels a node may bring itself", "[cloudhub]") {
  for (const char* good :
       {"site", "example.com/rack", "kubernetes.io/arch", "topology.kubernetes.io/zone",
        "node.kubernetes.io/x", "kubelet.kubernetes.io/x", "node-role.kubernetes.io/edge",
        "notkubernetes.io/x"}) {
    CAPTURE(good);
    CHECK(is_label_for_nodes(good));
  }
  for (const char* bad : {"node-restriction.kubernetes.io/x", "a.node-restriction.kubernetes.io/x",
                          "node-role.kubernetes.io/control-plane", "kubernetes.io/x", "k8s.io/x",
                          "skerry.io/offline-policy", "x.skerry.io/y"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_label_for_nodes(bad));
  }
}
