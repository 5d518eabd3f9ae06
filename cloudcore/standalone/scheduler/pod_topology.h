// What the Pods that are placed mean for one that is not: affinity and anti-affinity between Pods,
// and topology spread. Counted once for each Pod to place, changed by what preemption would take
// away. Pure.
// Source: pkg/scheduler/framework/plugins/{interpodaffinity,podtopologyspread}, as behaviour.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloudcore/standalone/scheduler/cluster_state.h"
#include "cloudcore/standalone/scheduler/node_fit.h"

namespace skerry::standalone {

class PodTopology {
 public:
  PodTopology(const PodInfo& pod, const ClusterState& cluster);

  /// As if `placed` came to or went from `node`: change 1 or -1.
  void change(const PodInfo& placed, const NodeInfo& node, int change);
  std::optional<Misfit> misfit(const NodeInfo& node) const;

  /// Nothing here concerns the Pod.
  bool indifferent() const;

 private:
  using Counts = std::map<std::pair<std::string, std::string>, std::int64_t>;  // label -> Pods
  struct Spread {
    const SpreadConstraint* constraint;
    std::map<std::string, std::int64_t> domains;  // value -> Pods that match
    std::int64_t least() const;
  };

  bool counts_for(const Spread& spread, const NodeInfo& node) const;
  void count_terms(const PodInfo& placed, const NodeInfo& node, int change);
  void count_spread(const PodInfo& placed, const NodeInfo& node, int change);
  bool affinity_met(const NodeInfo& node) const;
  bool matches_all_own_terms(const PodInfo& other) const;

  const PodInfo& pod_;
  const ClusterState& cluster_;
  Counts together_;    // Pods that match all required affinity terms
  Counts apart_;       // Pods that match a required anti-affinity term of this one
  Counts refused_by_;  // Pods whose own anti-affinity this one matches
  std::vector<Spread> spread_;
};

}  // namespace skerry::standalone
