#include "edgecore/edged/plan_pod.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/actual_builder.h"

using namespace skerry;
using namespace skerry::edged;
using namespace std::chrono_literals;

namespace {

using Actions = std::vector<PodAction>;

KillContainer stopping(const std::string& name, Seconds grace = 30s) {
  return {name + "-0", name, grace, "Stopping container " + name};
}

}  // namespace

TEST_CASE("plan_pod: a new pod gets a sandbox, then its containers", "[edged]") {
  Scene scene;
  CHECK(scene.actions() == Actions{CreateSandbox{0}});
  scene.sandbox("s0");
  CHECK(scene.actions() == Actions{StartContainer{"app", 0}});
  scene.runs("app");
  CHECK(scene.actions().empty());
}

TEST_CASE("plan_pod: init containers run one after another, sidecars stay", "[edged]") {
  Scene scene;
  ContainerSpec side = container_named("side", true);
  side.sidecar = true;
  scene.pod.init_containers = {container_named("one", true), side, container_named("two", true)};
  scene.sandbox("s0");
  CHECK(scene.actions() == Actions{StartContainer{"one", 0}});
  scene.runs("one");
  CHECK(scene.actions().empty());
  scene.actual.containers.clear();
  scene.exited("one", 0);
  CHECK(scene.actions() == Actions{StartContainer{"side", 0}});
  scene.runs("side");
  scene.probes["side"].started = false;
  CHECK(scene.actions().empty());
  scene.probes["side"].started = true;
  CHECK(scene.actions() == Actions{StartContainer{"two", 0}});
  scene.exited("two", 0);
  CHECK(scene.actions() == Actions{StartContainer{"app", 0}});
  scene.runs("app");
  CHECK(scene.actions().empty());
}

TEST_CASE("plan_pod: a failed init container is tried again, or ends a Never pod", "[edged]") {
  Scene scene;
  scene.pod.init_containers = {container_named("one", true)};
  scene.sandbox("s0").exited("one", 3);
  CHECK(scene.actions() == Actions{StartContainer{"one", 1}});
  scene.pod.restart_policy = RestartPolicy::kNever;
  CHECK(scene.actions() == Actions{StopSandbox{"s0"}, FinishPod{"Failed", "", ""}});
}

TEST_CASE("plan_pod: an end is answered by the restart policy", "[edged]") {
  struct Row {
    RestartPolicy policy;
    int code;
    Actions actions;
  };
  const Actions again = {StartContainer{"app", 1}};
  const auto finished = [](const char* phase) {
    return Actions{StopSandbox{"s0"}, FinishPod{phase, "", ""}};
  };
  const Row rows[] = {
      {RestartPolicy::kAlways, 0, again},
      {RestartPolicy::kAlways, 1, again},
      {RestartPolicy::kOnFailure, 1, again},
      {RestartPolicy::kOnFailure, 0, finished("Succeeded")},
      {RestartPolicy::kNever, 0, finished("Succeeded")},
      {RestartPolicy::kNever, 1, finished("Failed")},
  };
  for (const Row& row : rows) {
    Scene scene;
    scene.pod.restart_policy = row.policy;
    scene.sandbox("s0").exited("app", row.code);
    CHECK(scene.actions() == row.actions);
  }
}

TEST_CASE("plan_pod: a crash loop waits and says until when", "[edged]") {
  Scene scene;
  scene.sandbox("s0").exited("app", 1);
  (void)scene.plan();
  scene.record.containers["app"].backoff = {20s, kNoon - 1s};
  const PodPlan plan = scene.plan();
  CHECK(plan.actions.empty());
  CHECK(plan.crash_looping == std::set<std::string>{"app"});
  CHECK(plan.again_at == kNoon + 20s);
  scene.now = kNoon + 20s;
  CHECK(scene.actions() == Actions{StartContainer{"app", 1}});
}

TEST_CASE("plan_pod: a finished pod is never started again", "[edged]") {
  Scene scene;
  scene.record.terminal_phase = "Succeeded";
  CHECK(scene.actions().empty());  // after a reboot: nothing in the runtime
  scene.sandbox("s0").exited("app", 0);
  CHECK(scene.actions() == Actions{StopSandbox{"s0"}});
}

TEST_CASE("plan_pod: after a reboot that lost everything the count goes on", "[edged]") {
  Scene before;
  before.sandbox("s0").runs("app", 4);
  (void)before.plan();
  Scene after;
  after.record = before.record;
  CHECK(after.actions() == Actions{CreateSandbox{0}});
  CHECK(after.record.containers["app"].end->reason == "ContainerStatusUnknown");
  after.sandbox("s1");
  CHECK(after.actions() == Actions{StartContainer{"app", 5}});

  Scene never;
  never.record = before.record;
  never.pod.restart_policy = RestartPolicy::kNever;
  CHECK(never.actions() == Actions{FinishPod{"Failed", "", ""}});
}

TEST_CASE("plan_pod: a dead sandbox ends its containers before it is replaced", "[edged]") {
  Scene scene;
  scene.sandbox("s0", false).runs("app");
  CHECK(scene.actions() == Actions{stopping("app")});
  scene.actual.containers.clear();
  scene.exited("app", 137);
  CHECK(scene.actions() == Actions{StopSandbox{"s0"}, CreateSandbox{1}});
  scene.actual.sandboxes[0].released = true;
  CHECK(scene.actions() == Actions{CreateSandbox{1}});
}

TEST_CASE("plan_pod: what is in an unknown state is ended before it starts again", "[edged]") {
  Scene scene;
  scene.sandbox("s0").put("app", ContainerState::kUnknown);
  const Actions actions = scene.actions();
  REQUIRE(actions.size() == 1);
  REQUIRE(std::holds_alternative<KillContainer>(actions[0]));
  CHECK(std::get<KillContainer>(actions[0]).id == "app-0");
}

TEST_CASE("plan_pod: a changed image or a failed probe kills, then starts again", "[edged]") {
  Scene scene;
  scene.sandbox("s0").runs("app");
  scene.pod.containers[0].hash = "other";
  CHECK(scene.actions() ==
        Actions{KillContainer{"app-0", "app", 30s,
                              "Container app definition changed, will be restarted"}});
  scene.pod.containers[0].hash = "hash-app";
  scene.probes["app"] = {true, true, true, "Liveness", Seconds(3)};
  CHECK(scene.actions() ==
        Actions{KillContainer{"app-0", "app", 3s,
                              "Container app failed liveness probe, will be restarted"}});
  scene.pod.restart_policy = RestartPolicy::kNever;
  scene.probes["app"].probe = "Startup";
  CHECK(scene.actions() ==
        Actions{KillContainer{"app-0", "app", 3s, "Container app failed startup probe"}});
}

TEST_CASE("plan_pod: the deadline of the pod ends it", "[edged]") {
  Scene scene;
  scene.pod.active_deadline = 60s;
  scene.record.start_time = kNoon - 59s;
  scene.sandbox("s0").runs("app");
  CHECK(scene.plan().again_at == kNoon + 1s);
  scene.now = kNoon + 1s;
  CHECK(scene.actions() == Actions{stopping("app")});
  scene.actual.containers.clear();
  scene.exited("app", 143);
  const Actions actions = scene.actions();
  REQUIRE(actions.size() == 2);
  CHECK(std::get<FinishPod>(actions[1]).reason == "DeadlineExceeded");
}

TEST_CASE("plan_pod: deletion kills with the pod's grace, sidecars last, then removes", "[edged]") {
  Scene scene;
  ContainerSpec first = container_named("s1", true);
  ContainerSpec second = container_named("s2", true);
  first.sidecar = second.sidecar = true;
  scene.pod.init_containers = {first, second};
  scene.sandbox("s0").runs("s1").runs("s2").runs("app");
  scene.terminate = true;
  scene.pod.deletion_grace = 5s;
  CHECK(scene.actions() == Actions{stopping("app", 5s)});
  scene.actual.find("app-0")->state = ContainerState::kExited;
  CHECK(scene.actions() == Actions{stopping("s2", 5s)});
  scene.actual.find("s2-0")->state = ContainerState::kExited;
  CHECK(scene.actions() == Actions{stopping("s1", 5s)});
  scene.actual.find("s1-0")->state = ContainerState::kExited;
  CHECK(scene.actions() == Actions{StopSandbox{"s0"}, RemovePod{}});
  scene.actual.sandboxes[0].ready = false;
  scene.actual.sandboxes[0].released = true;
  CHECK(scene.actions() == Actions{RemovePod{}});
}

TEST_CASE("plan_pod: a container that was made and never started is made anew", "[edged]") {
  Scene scene;
  scene.sandbox("s0").put("app", ContainerState::kCreated);
  CHECK(scene.actions() == Actions{RemoveContainer{"app-0"}, StartContainer{"app", 0}});
}
