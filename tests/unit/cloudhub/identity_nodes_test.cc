#include "cloudcore/cloudhub/identity_nodes.h"

#include "tests/support/fake_identity_store.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;

namespace {

const NodeName kNode("gw");

struct Bench {
  boost::asio::io_context loop;
  std::shared_ptr<test::FakeIdentityStore> store = std::make_shared<test::FakeIdentityStore>();

  Bench() {
    NodeIdentity joined;
    joined.node = kNode;
    joined.registered = true;
    REQUIRE(test::run_task(loop, put_identity(store, joined)));
  }
  Result<bool> accept(const char* node, const char* cluster) {
    return test::run_task(loop, accept_node(store, NodeName(node), ClusterId(cluster)));
  }
  NodeIdentity stored() { return **test::run_task(loop, find_identity(store, kNode)); }
};

}  // namespace

TEST_CASE("NodeIdentity: an accepted node may come in and its Node is created anew", "[cloudhub]") {
  Bench bench;
  CHECK(bench.accept("gw", "new").value());
  CHECK(bench.stored().accepted_cluster == ClusterId("new"));
  CHECK_FALSE(bench.stored().registered);
}

TEST_CASE("NodeIdentity: accepting twice changes nothing the second time", "[cloudhub]") {
  Bench bench;
  REQUIRE(bench.accept("gw", "new"));
  NodeIdentity identity = bench.stored();
  identity.registered = true;  // its Node was created meanwhile
  REQUIRE(test::run_task(bench.loop, put_identity(bench.store, identity)));
  CHECK(bench.accept("gw", "new").value());
  CHECK(bench.stored().registered);
}

TEST_CASE("NodeIdentity: who never joined cannot be accepted", "[cloudhub]") {
  Bench bench;
  CHECK_FALSE(bench.accept("other", "new").value());
  CHECK(bench.store->records.size() == 1);
}
