// Which Pods have to go so that one of a higher priority gets a Node. Pure.
// Source: pkg/scheduler/framework/preemption, plugins/defaultpreemption, as behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/scheduler/node_fit.h"
#include "cloudcore/standalone/scheduler/pod_topology.h"

namespace skerry::standalone {

inline constexpr std::size_t kPreemptionNodesMax = 100;

/// A PodDisruptionBudget as preemption asks it.
struct DisruptionLimit {
  std::string ns;
  k8s::LabelSelector selector;
  std::int64_t allowed = 0;
  std::set<std::string> disrupted;  // names that are on their way out, and counted already
};

struct Preemption {
  std::string node;
  std::vector<PodInfoPtr> victims;  // by priority, highest first
  std::int64_t violations = 0;      // of disruption budgets
};

struct PreemptionCase {
  const PodInfo& pod;
  const ClusterState& cluster;
  const PodTopology& topology;
  const std::vector<DisruptionLimit>& limits;
};

/// `misfits`: one for each of the cluster's Nodes, in their order. Nothing: it would not help.
std::optional<Preemption> find_preemption(const PreemptionCase& asked,
                                          const std::vector<Misfit>& misfits);

/// Why the Pod may not preempt now; empty: it may.
std::string not_eligible(const PodInfo& pod, const ClusterState& cluster);

}  // namespace skerry::standalone
