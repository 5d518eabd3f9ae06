// What to do next for one pod: wanted against actual, without clock, runtime or store. The worker
// performs the actions in order and asks again; nothing here waits.
// Source: kubelet 1.34, kuberuntime_manager.go computePodActions, kuberuntime_container.go
// computeInitContainerActions.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "edgecore/edged/actual_pod.h"
#include "edgecore/edged/pod_spec.h"
#include "edgecore/edged/pod_state.h"

namespace skerry::edged {

/// What the probers say of the running containers, by name.
struct ProbeVerdict {
  bool started = true;
  bool ready = true;
  bool must_restart = false;
  std::string probe;  // "Liveness", "Startup" when must_restart
  std::optional<Seconds> termination_grace;
};
using ProbeVerdicts = std::map<std::string, ProbeVerdict>;

struct PlanInputs {
  const PodSpec& pod;
  const ActualPod& actual;
  const PodRecord& record;
  const ProbeVerdicts& probes;
  bool terminate = false;  // deleted, or its row left the desired set
  WallTime now{};
};

// ---- actions ---------------------------------------------------------------------------------

/// Ends a container: preStop, SIGTERM, grace, SIGKILL. The plan waits for its exit.
struct KillContainer {
  std::string id;
  std::string name;
  Seconds grace{30};
  std::string message;  // of the Killing event
  bool operator==(const KillContainer&) const = default;
};
/// Releases the network of a sandbox whose containers have all ended.
struct StopSandbox {
  std::string id;
  bool operator==(const StopSandbox&) const = default;
};
struct CreateSandbox {
  std::uint32_t attempt = 0;
  bool operator==(const CreateSandbox&) const = default;
};
/// Drops a container that was created and never started: a start that edgecore did not live to see.
struct RemoveContainer {
  std::string id;
  bool operator==(const RemoveContainer&) const = default;
};
struct StartContainer {
  std::string name;
  std::uint32_t attempt = 0;
  bool operator==(const StartContainer&) const = default;
};
/// Nothing of the pod will run again.
struct FinishPod {
  std::string phase;
  std::string reason;
  std::string message;
  bool operator==(const FinishPod&) const = default;
};
/// Everything is stopped: remove sandboxes, volumes, logs; report the end.
struct RemovePod {
  bool operator==(const RemovePod&) const = default;
};

using PodAction = std::variant<KillContainer,
                               StopSandbox,
                               CreateSandbox,
                               RemoveContainer,
                               StartContainer,
                               FinishPod,
                               RemovePod>;

struct PodPlan {
  std::vector<PodAction> actions;
  std::set<std::string> crash_looping;  // containers that wait for their backoff
  std::optional<WallTime> again_at;     // nearest backoff or deadline
};

PodPlan plan_pod(const PlanInputs& inputs);

/// How long this pod's containers get to end: deletionGracePeriodSeconds, else the spec's.
Seconds grace_of(const PodSpec& pod);

/// True when every regular container ended and none will start again; phase then.
std::optional<std::string> finished_phase(const PodSpec& pod, const PodRecord& record);

/// The end that decides about a container's restart: of the newest one. Null: it runs or never ran.
const ContainerEnd* current_end(const PodRecord& record, const std::string& name);
bool may_restart(RestartPolicy policy, const ContainerEnd& end);

}  // namespace skerry::edged
