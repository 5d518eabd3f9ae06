#include "cloudcore/cloudhub/ca_rollout.h"

#include "cloudcore/cloudhub/identity_metrics.h"
#include "tests/support/fake_identity_store.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;

namespace {

/// A cloudcore's CA side on a store in memory, with joined nodes.
struct Bench {
  boost::asio::io_context loop;
  test::ManualWorld world;
  std::shared_ptr<test::FakeIdentityStore> store = std::make_shared<test::FakeIdentityStore>();
  std::shared_ptr<const DenySet> denied = std::make_shared<const DenySet>();
  metrics::Registry registry;
  CaSet used = *test::run_task(loop, load_ca_set(store, world.world(), {}));
  int uses = 0;
  std::shared_ptr<CaRollout> rollout = make();

  std::shared_ptr<CaRollout> make() {
    CaRollout::Parts parts{store,
                           world.world(),
                           std::chrono::hours(24 * 30),
                           [this](const CaSet& set) {
                             used = set;
                             ++uses;
                           },
                           [this] { return denied; },
                           registry};
    return std::make_shared<CaRollout>(loop.get_executor(), used, std::move(parts));
  }
  void look() {
    test::run_task(loop, CaRollout::look(rollout));
    world.advance(kCaPoll);
  }
  void join(const std::string& name) {
    NodeIdentity identity;
    identity.node = NodeName(name);
    identity.issued = world.wall();
    identity.not_after = world.wall() + kNodeCertificateLife;
    REQUIRE(test::run_task(loop, put_identity(store, identity)));
  }
  void rotate(bool now = false) {
    REQUIRE(test::run_task(loop, rotate_ca(store, world.world(), now)));
  }
  void holds(const std::string& node) {
    rollout->holds(NodeName(node), digest(edge_bundle(used, world.wall())));
  }
};

}  // namespace

TEST_CASE("CaRollout: a new CA is used when every node holds it", "[cloudhub]") {
  Bench bench;
  bench.join("a");
  bench.join("b");
  bench.look();
  CHECK(bench.uses == 0);  // it was in use already
  bench.rotate();
  const std::string first = bench.used.current.certificate_pem;
  bench.holds("a");  // before this cloudcore has heard of the new CA: it counts for nothing
  bench.look();
  CHECK(bench.uses == 1);
  REQUIRE(bench.used.next);
  const std::string second = bench.used.next->authority.certificate_pem;
  bench.holds("a");
  bench.rollout->holds(NodeName("b"), digest(first));  // still only the old one
  bench.look();
  CHECK(bench.used.current.certificate_pem == first);
  CHECK(bench.registry.gauge(kNodesWithoutNextCa).value() == 2);  // counted at the look before
  SECTION("also by another cloudcore, which knows only what is stored") {
    bench.rollout = bench.make();
    bench.holds("b");
    bench.look();
  }
  SECTION("by this one") {
    bench.holds("b");
    bench.look();
  }
  CHECK(bench.used.current.certificate_pem == second);
  REQUIRE(bench.used.former.size() == 1);
  CHECK(bench.used.former[0].certificate_pem == first);
  const int uses = bench.uses;
  bench.look();
  CHECK(bench.uses == uses);
  CHECK(bench.registry.gauge(kNodesWithoutNextCa).value() == 0);
}

TEST_CASE("CaRollout: an absent node is waited for, so long and no longer", "[cloudhub]") {
  Bench bench;
  bench.join("away");
  bench.rotate();
  const std::string first = bench.used.current.certificate_pem;
  SECTION("patience") {
    bench.look();
    bench.world.advance(std::chrono::hours(24 * 29));
    bench.look();
    CHECK(bench.used.current.certificate_pem == first);
    bench.world.advance(std::chrono::hours(24));
  }
  SECTION("an administrator") {
    bench.look();
    bench.rotate(true);
  }
  bench.look();
  CHECK(bench.used.current.certificate_pem != first);
}

TEST_CASE("CaRollout: without the deny list nobody knows who counts", "[cloudhub]") {
  Bench bench;
  bench.denied = nullptr;
  bench.rotate();
  bench.look();
  bench.look();
  CHECK(bench.used.next);
  bench.denied = std::make_shared<const DenySet>();
  bench.look();
  CHECK_FALSE(bench.used.next);
}

TEST_CASE("CaRollout: a CA that cannot be read or is gone stays in use", "[cloudhub]") {
  Bench bench;
  const std::string first = bench.used.current.certificate_pem;
  bench.store->faults = {{{Code::kUnavailable, "away", {}}, false}};
  bench.look();
  const auto kept = bench.store->records.extract("skerry-ca");
  bench.look();
  CHECK(bench.uses == 0);
  CHECK_FALSE(bench.store->records.contains("skerry-ca"));  // never made anew
  CHECK(bench.used.current.certificate_pem == first);
}
