// DaemonSets on the real API: Nodes come, go and fail, templates change.
#include "cloudcore/standalone/controllers/daemon_set.h"

#include "cloudcore/standalone/controllers/daemon_set_plan.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using test::ControllerScene;

constexpr const char* kAgent = R"({"metadata":{"name":"agent"},"spec":{
  "selector":{"matchLabels":{"app":"agent"}},"revisionHistoryLimit":1,
  "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}},
  "template":{"metadata":{"labels":{"app":"agent"}},"spec":{"containers":[{"name":"c","image":"1"}]}}}})";

struct Scene : ControllerScene {
  Scene() { add(make_daemon_set_controller(client, world())); }
  void node(const std::string& name, const std::string& more = "{}") {
    json object = {{"metadata", {{"name", name}, {"labels", {{"name", name}}}}},
                   {"spec", json::parse(more)}};
    create(resources::kNodes, object.dump());
  }
  void image(const char* tag) {
    patch(resources::kDaemonSets, "agent",
          std::string(R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")") + tag +
              R"("}]}}}})");
  }
  /// "n1=1 n2=2 ": which image is meant for which Node.
  std::string places() {
    std::set<std::string> out;
    for (const json& pod : list(resources::kPods)) {
      if (pod["metadata"].contains("deletionTimestamp")) continue;
      out.insert(daemon_node_of(pod) + "=" +
                 pod["spec"]["containers"][0]["image"].get<std::string>());
    }
    std::string text;
    for (const std::string& each : out) text += each + " ";
    return text;
  }
  json status() { return get(resources::kDaemonSets, "agent")["status"]; }
};

TEST_CASE("DaemonSet: a Pod on every Node that fits, as Nodes come, change and go",
          "[standalone]") {
  Scene scene;
  scene.node("n1");
  scene.node("n2", R"({"taints":[{"key":"k","effect":"NoSchedule"}]})");
  scene.node("n3", R"({"unschedulable":true,"taints":[
      {"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"},
      {"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]})");
  scene.create(resources::kDaemonSets, kAgent);
  scene.settle();
  CHECK(scene.places() == "n1=1 n3=1 ");
  CHECK(scene.status()["desiredNumberScheduled"] == 2);
  CHECK(scene.status()["numberReady"] == 0);
  scene.set_all_ready();
  scene.settle();
  CHECK(scene.status()["numberAvailable"] == 2);
  CHECK_FALSE(scene.status().contains("numberUnavailable"));

  scene.node("n4");
  scene.patch(resources::kNodes, "n2", R"({"spec":{"taints":null}})");
  scene.patch(resources::kNodes, "n1", R"({"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}})");
  scene.settle();
  CHECK(scene.places() == "n2=1 n3=1 n4=1 ");
  scene.remove(resources::kNodes, "n4");
  scene.settle();
  CHECK(scene.places() == "n2=1 n3=1 ");  // its Pod was not placed yet
}

TEST_CASE("DaemonSet: rolls over one Node at a time, keeps its history, and comes back",
          "[standalone]") {
  Scene scene;
  for (const char* name : {"n1", "n2", "n3"}) scene.node(name);
  scene.create(resources::kDaemonSets, kAgent);
  scene.settle();
  scene.set_all_ready();
  scene.settle();
  scene.image("2");
  scene.settle();
  CHECK(scene.places() == "n1=2 n2=1 n3=1 ");
  CHECK(scene.status()["updatedNumberScheduled"] == 1);
  for (int i = 0; i < 3; ++i) {
    scene.set_all_ready();
    scene.settle();
  }
  CHECK(scene.places() == "n1=2 n2=2 n3=2 ");
  CHECK(scene.list(resources::kControllerRevisions).size() == 2);
  scene.image("1");
  for (int i = 0; i < 4; ++i) {
    scene.settle();
    scene.set_all_ready();
  }
  CHECK(scene.places() == "n1=1 n2=1 n3=1 ");
  std::int64_t newest = 0;
  for (const json& each : scene.list(resources::kControllerRevisions)) {
    newest = std::max<std::int64_t>(newest, each["revision"]);
    CHECK(each["data"]["spec"]["template"]["$patch"] == "replace");
  }
  CHECK(newest == 3);
  CHECK(scene.list(resources::kControllerRevisions).size() == 2);
}

TEST_CASE("DaemonSet: a Pod that ended is replaced, ever later", "[standalone]") {
  Scene scene;
  scene.node("n1");
  scene.create(resources::kDaemonSets, kAgent);
  scene.settle();
  const auto only = [&] {
    return scene.list(resources::kPods).at(0)["metadata"]["name"].get<std::string>();
  };
  const std::string first = only();
  scene.end(first, "Failed", 1);
  scene.settle();
  const std::string second = only();
  CHECK(second != first);
  CHECK(scene.has_event("FailedDaemonPod: Found failed daemon pod default/" + first +
                        " on node n1, will try to kill it"));
  scene.end(second, "Failed", 1);
  scene.settle();
  CHECK(only() == second);
  scene.loop.run_for(2s);
  CHECK(only() != second);
}

// ---- the plan -----------------------------------------------------------------------------------

constexpr WallTime kNow{std::chrono::hours(1000)};

json pod(const std::string& node, const std::string& hash, bool ready, bool ends = false) {
  json out = {{"metadata", {{"name", node + hash}, {"labels", {{kDaemonHashLabel, hash}}}}},
              {"spec", {{"nodeName", node}}},
              {"status", {{"phase", "Running"}}}};
  if (ready) {
    out["status"]["conditions"] = json::array(
        {{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", "1970-01-02T00:00:00Z"}}});
  }
  if (ends) out["metadata"]["deletionTimestamp"] = "1970-01-02T00:00:00Z";
  return out;
}

struct Row {
  const char* what;
  const char* rolling;  // rollingUpdate; "OnDelete"
  std::vector<DaemonNode> nodes;
  const char* wanted;  // "-name": removed, "+node": made
};

TEST_CASE("plan_daemon_rollout: what goes and comes next", "[standalone]") {
  const DaemonPlace yes{true, true};
  const DaemonNode ok1{"a", yes, {pod("a", "old", true)}};
  const DaemonNode ok2{"b", yes, {pod("b", "old", true)}};
  const DaemonNode sick{"c", yes, {pod("c", "old", false)}};
  const DaemonNode gone{"d", yes, {pod("d", "old", true, true)}};
  const DaemonNode fresh{"e", yes, {pod("e", "new", false)}};
  const DaemonNode both{"f", yes, {pod("f", "old", true), pod("f", "new", true)}};
  const DaemonNode both_wait{"g", yes, {pod("g", "old", true), pod("g", "new", false)}};
  const DaemonNode other{"h", {}, {pod("h", "old", true)}};
  const char* one = R"({"maxUnavailable":1})";
  const char* surge = R"({"maxUnavailable":0,"maxSurge":1})";
  const Row rows[] = {
      {"one of two", one, {ok1, ok2}, "-aold "},
      {"half of four", R"({"maxUnavailable":"50%"})", {ok1, ok2, ok1, ok2}, "-aold -bold "},
      {"one that is not available costs nothing", one, {sick, ok1}, "-cold -aold "},
      {"a new one that is not ready is waited for", one, {fresh, ok1}, ""},
      {"so is one on its way out, as of a Node that is away", one, {gone, ok1}, ""},
      {"with room for two the rollout goes on", R"({"maxUnavailable":2})", {gone, ok1}, "-aold "},
      {"a Node where it does not belong does not count", one, {other, ok1}, "-aold "},
      {"OnDelete", "OnDelete", {ok1, ok2}, ""},
      {"a surge makes the new one first", surge, {ok1, ok2}, "+a "},
      {"then the old one goes", surge, {both, ok1}, "-fold +a "},
      {"a surge that is not ready is waited for", surge, {both_wait, ok1}, ""},
      {"where the old one is broken the new one comes at once", surge, {both_wait, sick}, "+c "},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    json set = {{"spec", {{"updateStrategy", {{"type", "OnDelete"}}}}}};
    if (row.rolling != std::string("OnDelete")) {
      set["spec"]["updateStrategy"] = {{"type", "RollingUpdate"},
                                       {"rollingUpdate", json::parse(row.rolling)}};
    }
    const DaemonPlan plan = plan_daemon_rollout(set, row.nodes, "new", kNow);
    std::string text;
    for (const json& each : plan.remove)
      text += "-" + each["metadata"]["name"].get<std::string>() + " ";
    for (const std::string& each : plan.create_on) text += "+" + each + " ";
    CHECK(text == row.wanted);
  }
}

TEST_CASE("daemon_pod: bound to its Node by affinity, tolerating trouble", "[standalone]") {
  const json set =
      json::parse(R"({"metadata":{"name":"a","namespace":"n","uid":"u"},"spec":{"template":{
      "metadata":{"labels":{"app":"a"}},"spec":{"hostNetwork":true,
      "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}],
      "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchExpressions":[{"key":"x","operator":"Exists"}]}]}}}}}}})");
  const json made = daemon_pod(set, "n1", "hash");
  CHECK(made["metadata"]["labels"][kDaemonHashLabel] == "hash");
  CHECK(daemon_node_of(made) == "n1");
  const json& tolerations = made["spec"]["tolerations"];
  CHECK(tolerations.size() == 7);
  CHECK_FALSE(tolerations[0].contains("tolerationSeconds"));
  CHECK(daemon_place(set, {{"metadata", {{"name", "n1"}}}}).should_run == false);
  CHECK(daemon_place(set, {{"metadata", {{"name", "n1"}, {"labels", {{"x", "1"}}}}}}).should_run);
}

}  // namespace
}  // namespace skerry::standalone
