#include "cloudcore/edgecontroller/desired_index.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgecontroller;
using k8s::Kind;

namespace {

const NodeName kNode("edge-1");
const TimePoint kStart{};

ObjectPtr object(Kind kind, const char* name, const char* uid, std::uint64_t version) {
  const ObjectKey key{kind, kind == Kind::kNode ? "" : "default", name};
  const std::string json = std::string(name) + std::to_string(version);
  return k8s::received_object(key, Uid(uid), k8s::ContentVersion(digest(json)),
                              ResourceVersion(version), json);
}

PodEntry pod(const char* name, const char* uid, std::uint64_t version, std::set<ObjectKey> refs) {
  return {object(Kind::kPod, name, uid, version), kNode, std::move(refs)};
}

ObjectKey config(const char* name) { return {Kind::kConfigMap, "default", name}; }

std::vector<std::string> words(const Changes& changes) {
  std::vector<std::string> out;
  for (const auto& [node, list] : changes) {
    for (const DesiredChange& change : list) {
      out.push_back((change.object ? "+" : "-") + change.key.text());
    }
  }
  return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("DesiredIndex: a pod waits until its references are known", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u1", 5, {config("c")}), kStart, changes);
  CHECK(changes.empty());
  CHECK(index.held_pods() == 1);
  CHECK(index.take_wanted() == std::vector<ObjectKey>{config("c")});
  CHECK(index.take_wanted().empty());

  index.put_reference(object(Kind::kConfigMap, "c", "cu", 3), changes);
  CHECK(words(changes) == Words{"+configmap/default/c", "+pod/default/web"});
  CHECK(index.held_pods() == 0);
}

TEST_CASE("DesiredIndex: a fetch that answers after the deletion brings nothing back",
          "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u1", 5, {config("c")}), kStart, changes);
  index.reference_deleted(object(Kind::kConfigMap, "c", "cu", 9), changes);  // the watch is first
  changes.clear();
  index.put_reference(object(Kind::kConfigMap, "c", "cu", 8), changes);
  CHECK(changes.empty());
  index.put_reference(object(Kind::kConfigMap, "c", "cu-2", 10), changes);  // created anew
  CHECK(words(changes) == Words{"+configmap/default/c"});
}

TEST_CASE("DesiredIndex: a reference that does not exist does not hold the pod",
          "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u1", 5, {config("c")}), kStart, changes);
  index.reference_absent(config("c"), changes);
  CHECK(words(changes) == Words{"+pod/default/web"});
}

TEST_CASE("DesiredIndex: an object nobody refers to is not kept", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_reference(object(Kind::kConfigMap, "c", "cu", 3), changes);
  CHECK(changes.empty());
  CHECK_FALSE(index.is_referenced(config("c")));
}

TEST_CASE("DesiredIndex: a reference lingers after its last pod", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u1", 5, {config("c")}), kStart, changes);
  index.put_reference(object(Kind::kConfigMap, "c", "cu", 3), changes);
  changes.clear();
  index.remove_pod({Kind::kPod, "default", "web"}, Uid("u1"), kStart, changes);
  CHECK(words(changes) == Words{"-pod/default/web"});
  CHECK(index.next_deadline() == kStart + kReferenceLinger);

  SECTION("then goes") {
    changes.clear();
    index.on_time(kStart + kReferenceLinger - 1s, changes);
    CHECK(changes.empty());
    index.on_time(kStart + kReferenceLinger, changes);
    REQUIRE(words(changes) == Words{"-configmap/default/c"});
    CHECK(changes[kNode][0].reason == lane::RemoveReason::kUnneeded);
    CHECK_FALSE(index.is_referenced(config("c")));
  }
  SECTION("or stays when another pod comes to use it") {
    changes.clear();
    index.put_pod(pod("web2", "u2", 6, {config("c")}), kStart + 1min, changes);
    CHECK(words(changes) == Words{"+pod/default/web2"});
    index.on_time(kStart + kReferenceLinger, changes);
    CHECK(words(changes) == Words{"+pod/default/web2"});
  }
}

TEST_CASE("DesiredIndex: an older version of the same object changes nothing", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u1", 5, {}), kStart, changes);
  changes.clear();
  index.put_pod(pod("web", "u1", 4, {}), kStart, changes);
  CHECK(changes.empty());
}

TEST_CASE("DesiredIndex: a delete of another uid removes nothing", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u2", 5, {}), kStart, changes);
  changes.clear();
  index.remove_pod({Kind::kPod, "default", "web"}, Uid("u1"), kStart, changes);
  CHECK(changes.empty());
  CHECK(index.pod({Kind::kPod, "default", "web"}) != nullptr);
}

TEST_CASE("DesiredIndex: a list makes what is missing absent", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_pod(pod("web", "u1", 5, {config("a"), config("b")}), kStart, changes);
  index.put_reference_list(Kind::kConfigMap, "default", {object(Kind::kConfigMap, "a", "au", 3)},
                           {}, changes);
  CHECK(words(changes) == Words{"+configmap/default/a", "+pod/default/web"});
  changes.clear();
  index.put_reference_list(Kind::kConfigMap, "default", {}, {}, changes);
  CHECK(words(changes) == Words{"-configmap/default/a"});
}

TEST_CASE("DesiredIndex: the desired set has references before pods", "[edgecontroller]") {
  DesiredIndex index;
  Changes changes;
  index.put_node(object(Kind::kNode, "edge-1", "nu", 1), changes);
  index.put_pod(pod("web", "u1", 5, {config("a")}), kStart, changes);
  index.put_reference(object(Kind::kConfigMap, "a", "au", 3), changes);
  const auto desired = index.desired(kNode);
  REQUIRE(desired.size() == 3);
  CHECK(desired[0]->key.kind == Kind::kNode);
  CHECK(desired[1]->key.kind == Kind::kConfigMap);
  CHECK(desired[2]->key.kind == Kind::kPod);
  CHECK(index.desired(NodeName("other")).empty());
}
