#include "cloudcore/standalone/controllers/node_lifecycle.h"

#include "cloudcore/standalone/controllers/node_health.h"
#include "cloudcore/standalone/controllers/pod_gc.h"
#include "cloudcore/standalone/controllers/taint_eviction.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

json node_with(const char* spec, const char* conditions) {
  return {{"metadata", {{"name", "n"}}},
          {"spec", json::parse(spec)},
          {"status", {{"conditions", json::parse(conditions)}}}};
}

std::string shown(const json& taints) {
  std::string out;
  for (const json& each : taints) {
    out += fields::text(each, "key") + ":" + fields::text(each, "effect") + " ";
  }
  return out;
}

struct TaintCase {
  const char* what;
  const char* spec;
  const char* conditions;
  TaintWish wish;
  const char* taints;
};

const char* const kReady = R"([{"type":"Ready","status":"True"}])";
const char* const kAway = R"([{"type":"Ready","status":"Unknown"}])";
const TaintCase kTaintCases[] = {
    {"ready", "{}", kReady, {true, false}, ""},
    {"cordoned",
     R"({"unschedulable":true})",
     kReady,
     {},
     "node.kubernetes.io/unschedulable:NoSchedule "},
    {"uncordoned",
     R"({"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]})",
     kReady,
     {},
     ""},
    {"away, but it is not its turn", "{}", kAway, {}, "node.kubernetes.io/unreachable:NoSchedule "},
    {"away",
     "{}",
     kAway,
     {true, false},
     "node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute "},
    {"not ready",
     "{}",
     R"([{"type":"Ready","status":"False"}])",
     {true, false},
     "node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute "},
    {"all are away",
     R"({"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]})",
     kAway,
     {false, true},
     "node.kubernetes.io/unreachable:NoSchedule "},
    {"back, with a taint of somebody else's",
     R"({"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"},
                   {"key":"mine","effect":"NoExecute"}]})",
     kReady,
     {true, false},
     "mine:NoExecute "},
    {"pressure",
     "{}",
     R"([{"type":"Ready","status":"True"},{"type":"DiskPressure","status":"True"}])",
     {},
     "node.kubernetes.io/disk-pressure:NoSchedule "},
};

TEST_CASE("taints_wanted: what conditions mean for Pods", "[standalone]") {
  for (const TaintCase& each : kTaintCases) {
    INFO(each.what);
    CHECK(shown(taints_wanted(node_with(each.spec, each.conditions), each.wish, WallTime{})) ==
          each.taints);
  }
}

TEST_CASE("eviction_interval: slower when many are away, never when all are", "[standalone]") {
  CHECK(eviction_interval({1, 1}) == std::nullopt);
  CHECK(eviction_interval({2, 1}) == kEvictionInterval);
  CHECK(eviction_interval({4, 3}) == std::nullopt);
  CHECK(eviction_interval({100, 54}) == kEvictionInterval);
  CHECK(eviction_interval({100, 55}) == kEvictionIntervalSlow);
}

TEST_CASE("conditions_in_silence: all that the kubelet says becomes unknown", "[standalone]") {
  const json node = node_with("{}", R"([{"type":"Ready","status":"True","reason":"KubeletReady",
      "lastHeartbeatTime":"2026-01-01T00:00:00Z"},{"type":"Mine","status":"True"}])");
  const json conditions = conditions_in_silence(node, WallTime{});
  REQUIRE(conditions.size() == 5);
  CHECK(conditions[0]["status"] == "Unknown");
  CHECK(conditions[0]["reason"] == "NodeStatusUnknown");
  CHECK(conditions[0]["message"] == "Kubelet stopped posting node status.");
  CHECK(conditions[0]["lastHeartbeatTime"] == "2026-01-01T00:00:00Z");
  CHECK(conditions[1]["status"] == "True");
  CHECK(conditions[2]["message"] == "Kubelet never posted node status.");
}

TEST_CASE("stay_under: the shortest toleration counts", "[standalone]") {
  const std::vector<Taint> away = {{taint_keys::kUnreachable, "", "NoExecute"}};
  const std::vector<Taint> own = {{"k", "v", "NoExecute"}};
  const auto with = [](const char* tolerations) {
    return tolerations_of({{"spec", {{"tolerations", json::parse(tolerations)}}}});
  };
  CHECK(stay_under(own, {}).limit == Duration(0));
  CHECK(stay_under(away, {}).limit == Duration(300s));
  CHECK(stay_under(away, with(R"([{"operator":"Exists"}])")).limit == std::nullopt);
  CHECK(stay_under(away, with(R"([{"key":"node.kubernetes.io/unreachable","operator":"Exists",
      "effect":"NoExecute","tolerationSeconds":30},{"operator":"Exists"}])"))
            .limit == Duration(30s));
  CHECK(stay_under(own, with(R"([{"key":"k","value":"w"}])")).limit == Duration(0));
}

// ---- on the API ---------------------------------------------------------------------------------

class Scene : public test::ControllerScene {
 public:
  Scene() {
    create(resources::kNamespaces, R"({"metadata":{"name":"kube-node-lease"}})");
    add(make_node_lifecycle_controller(client, world()));
    add(make_taint_eviction_controller(client, world()));
  }
  void add_node(const std::string& name) {
    create(resources::kNodes, R"({"metadata":{"name":")" + name + R"("}})");
    report(name);
  }
  void report(const std::string& node) {
    const std::string now = k8s::format_time(loop.world.wall());
    patch(resources::kNodes, node,
          R"({"status":{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady",
              "lastHeartbeatTime":")" +
              now + R"("}]}})",
          "status");
  }
  void add_pod(const std::string& name, const std::string& node, const std::string& tolerations) {
    create(resources::kPods, R"({"metadata":{"name":")" + name + R"("},"spec":{"nodeName":")" +
                                 node + R"(","tolerations":)" + tolerations +
                                 R"(,"containers":[{"name":"c","image":"i"}]}})");
    set_ready(name);
  }
  /// Time passes in which these Nodes report.
  void pass(Duration time, const std::vector<std::string>& alive) {
    for (Duration left = time; left > Duration(0); left -= 10s) {
      loop.run_for(std::min<Duration>(left, 10s));
      for (const std::string& each : alive) report(each);
    }
    settle();
  }
  std::string ready(const std::string& node) { return readiness(get(resources::kNodes, node)); }
  std::string taints(const std::string& node) {
    return shown(fields::list(fields::object(get(resources::kNodes, node), "spec"), "taints"));
  }
  bool leaving(const std::string& pod) {
    return get(resources::kPods, pod)["metadata"].contains("deletionTimestamp");
  }
};

const char* const kKeep = R"([{"operator":"Exists"}])";
const char* const kHalfMinute = R"([{"key":"node.kubernetes.io/unreachable","operator":"Exists",
    "effect":"NoExecute","tolerationSeconds":30}])";

TEST_CASE("Node lifecycle: a silent Node is tainted, its Pods leave as they tolerate it",
          "[standalone]") {
  Scene scene;
  scene.add_node("alive");
  scene.add_node("edge");
  scene.add_pod("stays", "edge", kKeep);
  scene.add_pod("leaves", "edge", kHalfMinute);
  scene.pass(40s, {"alive"});
  CHECK(scene.ready("edge") == "True");
  CHECK(scene.taints("edge") == "");
  scene.pass(20s, {"alive"});
  CHECK(scene.ready("edge") == "Unknown");
  CHECK(scene.ready("alive") == "True");
  CHECK(scene.taints("edge") ==
        "node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute ");
  const json pod = scene.get(resources::kPods, "stays");
  CHECK(pod["status"]["conditions"][0]["status"] == "False");
  CHECK_FALSE(scene.leaving("leaves"));
  scene.pass(30s, {"alive"});
  CHECK(scene.leaving("leaves"));
  CHECK_FALSE(scene.leaving("stays"));
  const json conditions = scene.get(resources::kPods, "leaves")["status"]["conditions"];
  CHECK(conditions.back()["reason"] == "DeletionByTaintManager");

  scene.report("edge");
  scene.pass(20s, {"alive", "edge"});
  CHECK(scene.ready("edge") == "True");
  CHECK(scene.taints("edge") == "");
}

TEST_CASE("Node lifecycle: when every Node is away, nobody is evicted", "[standalone]") {
  Scene scene;
  scene.add_node("edge");
  scene.add_pod("p", "edge", kHalfMinute);
  scene.pass(200s, {});
  CHECK(scene.ready("edge") == "Unknown");
  CHECK(scene.taints("edge") == "node.kubernetes.io/unreachable:NoSchedule ");
  CHECK_FALSE(scene.leaving("p"));
}

TEST_CASE("Node lifecycle: a Node that comes back in time keeps its Pods", "[standalone]") {
  Scene scene;
  scene.add_node("alive");
  scene.add_node("edge");
  scene.add_pod("p", "edge", kHalfMinute);
  scene.pass(60s, {"alive"});
  CHECK_FALSE(scene.leaving("p"));
  scene.pass(120s, {"alive", "edge"});
  CHECK_FALSE(scene.leaving("p"));
}

TEST_CASE("Node lifecycle: a lease speaks for its Node", "[standalone]") {
  Scene scene;
  scene.add_node("edge");
  const json lease = {{"metadata", {{"name", "edge"}}}, {"spec", {{"leaseDurationSeconds", 40}}}};
  (void)scene.loop.run(scene.client.create(resources::kLeases, "kube-node-lease", lease));
  for (int i = 0; i < 12; ++i) {
    const json change = {
        {"spec", {{"renewTime", k8s::format_micro_time(scene.loop.world.wall())}}}};
    (void)scene.loop.run(scene.client.patch(resources::kLeases, "kube-node-lease", "edge", change));
    scene.loop.run_for(10s);
  }
  CHECK(scene.ready("edge") == "True");
  scene.loop.run_for(60s);
  CHECK(scene.ready("edge") == "Unknown");
}

// ---- pods that nobody ends ----------------------------------------------------------------------

TEST_CASE("Pod GC: Pods of a Node that is no more, and those that never had one", "[standalone]") {
  Scene scene;
  scene.add(make_pod_gc_controller(scene.client, scene.world()));
  scene.add_node("edge");
  scene.add_pod("orphan", "edge", kKeep);
  scene.create(resources::kPods, R"({"metadata":{"name":"held","finalizers":["a.b/c"]},
      "spec":{"containers":[{"name":"c","image":"i"}]}})");
  scene.create(resources::kPods, R"({"metadata":{"name":"waits"},
      "spec":{"containers":[{"name":"c","image":"i"}]}})");
  scene.remove(resources::kPods, "held");
  scene.remove(resources::kNodes, "edge");
  scene.loop.run_for(30s);
  CHECK(scene.names(resources::kPods) == "held orphan waits ");
  scene.loop.run_for(60s);
  CHECK(scene.names(resources::kPods) == "held waits ");
}

TEST_CASE("plan_pod_gc: the oldest ended Pods beyond the limit", "[standalone]") {
  std::vector<StoredObjectPtr> pods;
  for (const int day : {3, 1, 2}) {
    auto pod = std::make_shared<StoredObject>();
    pod->name = "p" + std::to_string(day);
    pod->fields = {{"status.phase", "Succeeded"}, {"spec.nodeName", "n"}};
    pod->json =
        std::make_shared<const std::string>(R"({"metadata":{"creationTimestamp":"2026-01-0)" +
                                            std::to_string(day) + R"(T00:00:00Z"}})");
    pods.push_back(pod);
  }
  CHECK(plan_pod_gc(pods, {}, 3).others.empty());
  const PodGcPlan plan = plan_pod_gc(pods, {}, 1);
  REQUIRE(plan.others.size() == 2);
  CHECK(plan.others[0]->name == "p1");
  CHECK(plan.others[1]->name == "p2");
  CHECK(plan_pod_gc(pods, {"n"}, 3).orphans.size() == 3);
}

}  // namespace
}  // namespace skerry::standalone
