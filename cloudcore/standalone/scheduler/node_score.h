// How well a Pod would do on each of the Nodes it fits. Pure.
// Source: pkg/scheduler/framework/plugins, their default weights: resources least allocated (1) and
// balanced (1), taints (3), node affinity (2), topology spread (2), affinity between Pods (2).
// Images are not looked at: what a Node holds of them is not known here.
#pragma once

#include <cstdint>
#include <vector>

#include "cloudcore/standalone/scheduler/cluster_state.h"

namespace skerry::standalone {

/// One for each Node; higher is better. `nodes` are those that the Pod fits.
std::vector<std::int64_t> scores(const PodInfo& pod,
                                 const std::vector<const NodeInfo*>& nodes,
                                 const ClusterState& cluster);

}  // namespace skerry::standalone
