// Whether a Pod fits a Node by itself: what does not depend on Pods elsewhere. Pure.
// Source: pkg/scheduler/framework/plugins (nodeunschedulable, nodename, tainttoleration,
// nodeaffinity, nodeports, noderesources), as behaviour; their words for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/scheduler/cluster_state.h"

namespace skerry::standalone {

/// What rejected a Pod; decides which events make another try worth while.
enum class FitRule : std::uint8_t {
  kNode = 1,        // the Node itself: cordoned, taints, labels
  kRoom = 2,        // resources, ports
  kTopology = 4,    // Pods elsewhere
  kVolumes = 8,     // claims and volumes
  kPreemption = 16  // waits for its victims
};

struct Misfit {
  FitRule rule = FitRule::kNode;
  std::vector<std::string> reasons;  // "Insufficient cpu"
  bool removals_help = false;        // the Pod would fit if others went
};

/// Nothing: it fits. Counts Pods that are nominated here with the same or a higher priority.
std::optional<Misfit> misfit(const NodeInfo& node, const PodInfo& pod);

}  // namespace skerry::standalone
