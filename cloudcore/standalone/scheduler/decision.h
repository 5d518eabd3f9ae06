// Which Node a Pod gets, or why none, and who would have to go. Pure but for the dice that choose
// among equals.
//
// Owner: Scheduler. Source: pkg/scheduler/schedule_one.go, as behaviour: of many Nodes only some
// are tried, beginning where the last try ended.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/scheduler/preemption.h"
#include "cloudcore/standalone/scheduler/volume_fit.h"
#include "common/seam/world.h"

namespace skerry::standalone {

struct Decision {
  std::string node;    // empty: none
  PodVolumes volumes;  // what it needs there
  // Without a Node:
  std::string why;
  unsigned rules = 0;  // FitRule bits that said no
  std::optional<Preemption> preemption;
  bool keep_nomination = false;  // its victims are still on their way out
};

/// How many Nodes that fit are enough to choose from.
std::size_t enough_nodes(std::size_t nodes);

class Decider {
 public:
  Decider(const ClusterState& cluster, VolumeObjects objects, seam::World world)
      : cluster_(cluster), objects_(std::move(objects)), world_(world) {}

  /// `limits`: what disruption budgets allow now; asked only when a preemption may be needed.
  using Limits = std::function<std::vector<DisruptionLimit>()>;
  Decision decide(const PodInfo& pod, const Limits& limits);

 private:
  struct Search {
    std::vector<const NodeInfo*> fitting;
    std::vector<Misfit> misfits;  // one for each Node that was tried
  };
  Search search(const PodInfo& pod, const PodTopology& topology, const PodVolumes& volumes);
  const NodeInfo& choose(const PodInfo& pod, const std::vector<const NodeInfo*>& fitting);

  const ClusterState& cluster_;
  VolumeObjects objects_;
  seam::World world_;
  std::size_t next_start_ = 0;
};

}  // namespace skerry::standalone
