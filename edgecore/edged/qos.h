// A pod's quality-of-service class and what the OOM killer is told about its containers. Pure.
// Source: kubelet 1.34, pkg/apis/core/v1/helper/qos and pkg/kubelet/qos/policy.go.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

enum class QosClass : std::uint8_t { kGuaranteed, kBurstable, kBestEffort };

/// "Guaranteed", "Burstable", "BestEffort": the word of status.qosClass.
std::string_view to_string(QosClass qos);

QosClass qos_class(const PodSpec& pod);

inline constexpr int kSandboxOomScoreAdj = -998;

/// For LinuxContainerResources.oom_score_adj. memory_capacity_bytes > 0: the node's.
int oom_score_adj(const PodSpec& pod,
                  const ContainerSpec& container,
                  std::int64_t memory_capacity_bytes);

}  // namespace skerry::edged
