#include "cloudcore/cloudhub/dirty_keys.h"
#include "cloudcore/cloudhub/session_registry.h"
#include "tests/support/catch.h"

namespace {

using namespace skerry;
using namespace skerry::cloudhub;
using k8s::Kind;
using Admitted = SessionRegistry::Admitted;

const NodeName kNode("n1");

}  // namespace

TEST_CASE("SessionRegistry: the same store evicts its old session", "[cloudhub]") {
  SessionRegistry registry;
  const Epoch first = registry.next_epoch(), second = registry.next_epoch();
  CHECK_FALSE(std::get<Admitted>(registry.admit(kNode, StoreId("s"), first)).evict);
  CHECK(std::get<Admitted>(registry.admit(kNode, StoreId("s"), second)).evict == first);
  CHECK(registry.current(kNode) == second);
}

TEST_CASE("SessionRegistry: another store is refused while the old session lives", "[cloudhub]") {
  SessionRegistry registry;
  const Epoch first = registry.next_epoch(), second = registry.next_epoch();
  (void)registry.admit(kNode, StoreId("s"), first);
  const auto decision = registry.admit(kNode, StoreId("clone"), second);
  CHECK(std::get<lane::Goodbye>(decision).code == lane::GoodbyeCode::kDuplicate);
  CHECK(registry.current(kNode) == first);
  CHECK(registry.forget(kNode, first));
  CHECK(std::holds_alternative<Admitted>(registry.admit(kNode, StoreId("clone"), second)));
}

TEST_CASE("SessionRegistry: an old session's end does not touch the new one", "[cloudhub]") {
  SessionRegistry registry;
  const Epoch first = registry.next_epoch(), second = registry.next_epoch();
  (void)registry.admit(kNode, StoreId("s"), first);
  (void)registry.admit(kNode, StoreId("s"), second);
  CHECK_FALSE(registry.forget(kNode, first));
  CHECK(registry.current(kNode) == second);
  CHECK(registry.forget(kNode, second));
  CHECK(registry.size() == 0);
}

TEST_CASE("DirtyKeys: a key is there once, with its last verb", "[cloudhub]") {
  DirtyKeys dirty;
  const k8s::ObjectKey config{Kind::kConfigMap, "d", "c"}, pod{Kind::kPod, "d", "p"};
  dirty.mark(config, DirtyKeys::Verb::kUpsert);
  dirty.mark(config, DirtyKeys::Verb::kRemove);
  dirty.mark(pod, DirtyKeys::Verb::kUpsert);
  CHECK(dirty.size() == 2);
  CHECK(dirty.first() == pod);
  CHECK(dirty.first(false) == config);
  dirty.clear(pod);
  CHECK(dirty.first() == config);
}
