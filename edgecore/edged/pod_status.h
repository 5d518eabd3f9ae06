// PodStatus as a kubelet would write it: from what is wanted, what the runtime has and what is
// remembered. Pure. Source: kubelet 1.34, kubelet_pods.go (getPhase,
// convertToAPIContainerStatuses), status/generate.go (conditions).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "edgecore/edged/actual_pod.h"
#include "edgecore/edged/plan_pod.h"
#include "edgecore/edged/pod_spec.h"
#include "edgecore/edged/pod_state.h"

namespace skerry::edged {

/// Why a container does not run: state.waiting.
struct Waiting {
  std::string reason;  // CrashLoopBackOff, ErrImagePull, CreateContainerConfigError, ...
  std::string message;
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

struct StatusInputs {
  const PodSpec& pod;
  const ActualPod& actual;
  const PodRecord& record;
  const ProbeVerdicts& probes;
  const std::map<std::string, Waiting>& waiting;  // by container name
  const std::vector<std::string>& host_ips;
  std::string_view qos_class;
  WallTime now{};
};

struct PodStatus {
  std::string phase;
  std::string json;  // of .status
  std::map<std::string, ConditionRecord>
      conditions;                            // with their transition times: to be remembered
  std::map<std::string, ProbeVerdict> said;  // started and ready per container, as reported
  bool ready = false;
};

PodStatus build_pod_status(const StatusInputs& inputs);

}  // namespace skerry::edged
