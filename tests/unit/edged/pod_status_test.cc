#include "edgecore/edged/pod_status.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/unit/edged/actual_builder.h"

using namespace skerry;
using namespace skerry::edged;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct Shown {
  PodStatus status;
  json body;

  std::string condition(const std::string& type, const char* field = "status") const {
    for (const json& item : body["conditions"]) {
      if (item["type"] == type) return item.value(field, "");
    }
    return "absent";
  }
  const json& state() const { return body["containerStatuses"][0]["state"]; }
};

Shown show(Scene& scene, const std::map<std::string, Waiting>& waiting = {}) {
  (void)scene.plan();
  const std::vector<std::string> host_ips = {"192.0.2.7"};
  PodStatus status = build_pod_status({scene.pod, scene.actual, scene.record, scene.probes, waiting,
                                       host_ips, "BestEffort", scene.now});
  scene.record.conditions = status.conditions;
  json body = json::parse(status.json);
  return {std::move(status), std::move(body)};
}

}  // namespace

TEST_CASE("PodStatus: a new pod is pending and says what it waits for", "[edged]") {
  Scene scene;
  scene.record.start_time = kNoon;
  const Shown shown = show(scene);
  CHECK(shown.body["phase"] == "Pending");
  CHECK(shown.state()["waiting"]["reason"] == "ContainerCreating");
  CHECK(shown.body["hostIP"] == "192.0.2.7");
  CHECK_FALSE(shown.body.contains("podIP"));
  CHECK(shown.body["startTime"] == "2019-12-20T00:00:00Z");
  CHECK(shown.body["qosClass"] == "BestEffort");
  CHECK(shown.condition("PodReadyToStartContainers") == "False");
  CHECK(shown.condition("Initialized") == "True");
  CHECK(shown.condition("Ready") == "False");
  CHECK(shown.condition("Ready", "reason") == "ContainersNotReady");
  CHECK(shown.condition("Ready", "message") == "containers with unready status: [app]");
  CHECK(shown.condition("PodScheduled") == "absent");  // the scheduler's
}

TEST_CASE("PodStatus: a running pod", "[edged]") {
  Scene scene;
  scene.sandbox("s0").runs("app");
  const Shown shown = show(scene);
  CHECK(shown.body["phase"] == "Running");
  CHECK(shown.body["podIP"] == "10.0.0.9");
  CHECK(shown.body["podIPs"] == json::parse(R"([{"ip":"10.0.0.9"}])"));
  const json& app = shown.body["containerStatuses"][0];
  CHECK(app["ready"] == true);
  CHECK(app["started"] == true);
  CHECK(app["containerID"] == "containerd://app-0");
  CHECK(app["state"]["running"]["startedAt"] == "2019-12-19T23:59:00Z");
  CHECK(app["lastState"] == json::object());
  for (const char* type :
       {"PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"}) {
    CHECK(shown.condition(type) == "True");
  }
  CHECK(shown.status.ready);
}

TEST_CASE("PodStatus: probes decide readiness", "[edged]") {
  Scene scene;
  scene.sandbox("s0").runs("app");
  scene.probes["app"].ready = false;
  CHECK(show(scene).condition("Ready") == "False");
  scene.probes["app"] = {false, true, false, "", {}};
  const Shown shown = show(scene);
  CHECK(shown.body["containerStatuses"][0]["started"] == false);
  CHECK(shown.condition("ContainersReady") == "False");
}

TEST_CASE("PodStatus: a crash loop shows its last end", "[edged]") {
  Scene scene;
  scene.sandbox("s0").exited("app", 1, 3);
  const Shown shown = show(scene, {{"app", {"CrashLoopBackOff", "back-off 40s"}}});
  CHECK(shown.body["phase"] == "Running");
  CHECK(shown.state()["waiting"]["reason"] == "CrashLoopBackOff");
  const json& app = shown.body["containerStatuses"][0];
  CHECK(app["lastState"]["terminated"]["exitCode"] == 1);
  CHECK(app["lastState"]["terminated"]["reason"] == "Error");
  CHECK(app["restartCount"] == 3);
  CHECK(app["ready"] == false);
}

TEST_CASE("PodStatus: init containers hold the rest back", "[edged]") {
  Scene scene;
  scene.pod.init_containers = {container_named("setup", true)};
  scene.sandbox("s0").runs("setup");
  const Shown waits = show(scene);
  CHECK(waits.body["phase"] == "Pending");
  CHECK(waits.state()["waiting"]["reason"] == "PodInitializing");
  CHECK(waits.condition("Initialized", "reason") == "ContainersNotInitialized");
  CHECK(waits.condition("Initialized", "message") == "containers with incomplete status: [setup]");
  scene.actual.containers.clear();
  scene.exited("setup", 0).runs("app");
  const Shown runs = show(scene);
  CHECK(runs.body["phase"] == "Running");
  CHECK(runs.body["initContainerStatuses"][0]["ready"] == true);
  CHECK(runs.condition("Initialized") == "True");
}

TEST_CASE("PodStatus: finished pods", "[edged]") {
  Scene scene;
  scene.pod.restart_policy = RestartPolicy::kNever;
  scene.sandbox("s0", false).exited("app", 0);
  scene.record.terminal_phase = "Succeeded";
  scene.record.pod_ips = {"10.0.0.9"};  // what the sandbox had: a stopped one has none
  scene.actual.sandboxes[0].ips.clear();
  const Shown done = show(scene);
  CHECK(done.body["phase"] == "Succeeded");
  CHECK(done.state()["terminated"]["reason"] == "Completed");
  CHECK(done.condition("Ready", "reason") == "PodCompleted");
  CHECK(done.condition("Initialized", "reason") == "PodCompleted");
  CHECK(done.body["podIP"] == "10.0.0.9");
  scene.record.terminal_phase = "Failed";
  CHECK(show(scene).condition("ContainersReady", "reason") == "PodFailed");
}

TEST_CASE("PodStatus: a transition time moves only with its status", "[edged]") {
  Scene scene;
  scene.sandbox("s0").runs("app");
  CHECK(show(scene).condition("Ready", "lastTransitionTime") == "2019-12-20T00:00:00Z");
  scene.now += 1h;
  CHECK(show(scene).condition("Ready", "lastTransitionTime") == "2019-12-20T00:00:00Z");
  scene.probes["app"].ready = false;
  CHECK(show(scene).condition("Ready", "lastTransitionTime") == "2019-12-20T01:00:00Z");
}

TEST_CASE("PodStatus: readiness gates must be true", "[edged]") {
  Scene scene;
  scene.pod.readiness_gates = {"a/b"};
  scene.sandbox("s0").runs("app");
  CHECK(show(scene).condition("Ready", "message") ==
        "corresponding condition of pod readiness gate \"a/b\" does not exist.");
  scene.pod.gate_conditions["a/b"] = "False";
  CHECK(show(scene).condition("Ready", "reason") == "ReadinessGatesNotReady");
  scene.pod.gate_conditions["a/b"] = "True";
  CHECK(show(scene).condition("Ready") == "True");
}
