// A pod and its life in a runtime, for tables of plan_pod and pod_status.
#pragma once

#include "edgecore/edged/plan_pod.h"
#include "edgecore/edged/pod_status.h"
#include "tests/unit/edged/sample_pod.h"

namespace skerry::edged {

inline const WallTime kNoon{std::chrono::hours(24 * 365 * 50)};

inline ContainerSpec container_named(const std::string& name, bool init = false) {
  ContainerSpec spec = sample_container(name);
  spec.image = "busybox:1.36";
  spec.hash = "hash-" + name;
  spec.init = init;
  return spec;
}

/// What plan_pod() is asked, with the runtime's side filled step by step.
struct Scene {
  PodSpec pod = sample_pod({container_named("app")});
  ActualPod actual;
  PodRecord record;
  ProbeVerdicts probes;
  bool terminate = false;
  WallTime now = kNoon;

  Scene& sandbox(const std::string& id, bool ready = true) {
    ActualSandbox made;
    made.id = id;
    made.attempt = static_cast<std::uint32_t>(actual.sandboxes.size());
    made.ready = ready;
    made.ips = {"10.0.0.9"};
    actual.sandboxes.insert(actual.sandboxes.begin(), made);
    return *this;
  }

  /// The newest container of that name, in the newest sandbox.
  ActualContainer& put(const std::string& name, ContainerState state, std::uint32_t attempt = 0) {
    ActualContainer made;
    made.id = name + "-" + std::to_string(attempt);
    made.name = name;
    made.sandbox_id = actual.sandboxes.empty() ? "" : actual.sandboxes.front().id;
    made.attempt = attempt;
    made.state = state;
    made.hash = "hash-" + name;
    made.known = true;
    if (state != ContainerState::kCreated) made.started = now - std::chrono::minutes(1);
    actual.containers.insert(actual.containers.begin(), made);
    return actual.containers.front();
  }
  Scene& runs(const std::string& name, std::uint32_t attempt = 0) {
    put(name, ContainerState::kRunning, attempt);
    return *this;
  }
  Scene& exited(const std::string& name, int code, std::uint32_t attempt = 0) {
    ActualContainer& made = put(name, ContainerState::kExited, attempt);
    made.exit_code = code;
    made.finished = now;
    return *this;
  }

  PodPlan plan() {
    absorb(record, actual, now);
    return plan_pod({pod, actual, record, probes, terminate, now});
  }
  std::vector<PodAction> actions() { return plan().actions; }
};

}  // namespace skerry::edged
