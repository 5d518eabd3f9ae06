#include "cloudcore/standalone/scheduler/pod_topology.h"

#include <algorithm>

namespace skerry::standalone {
namespace {

void count(std::map<std::pair<std::string, std::string>, std::int64_t>& counts,
           const NodeInfo& node,
           const std::string& key,
           int change) {
  const std::string* value = label_of(node, key);
  if (value == nullptr) return;
  const auto at = counts.try_emplace({key, *value}, 0).first;
  at->second += change;
  if (at->second == 0) counts.erase(at);
}

bool counted(const std::map<std::pair<std::string, std::string>, std::int64_t>& counts,
             const NodeInfo& node,
             const std::string& key) {
  const std::string* value = label_of(node, key);
  return value != nullptr && counts.contains({key, *value});
}

}  // namespace

std::int64_t PodTopology::Spread::least() const {
  // Fewer domains than asked for: those that are missing have no Pod.
  if (static_cast<std::int64_t>(domains.size()) < constraint->min_domains) return 0;
  std::int64_t out = std::numeric_limits<std::int64_t>::max();
  for (const auto& [value, pods] : domains) out = std::min(out, pods);
  return domains.empty() ? 0 : out;
}

PodTopology::PodTopology(const PodInfo& pod, const ClusterState& cluster)
    : pod_(pod), cluster_(cluster) {
  const PodConstraints& own = *pod.constraints;
  for (const SpreadConstraint& each : own.spread) {
    if (each.required) spread_.push_back({&each, {}});
  }
  for (Spread& spread : spread_) {
    for (const auto& node : cluster.nodes()) {
      if (!counts_for(spread, *node)) continue;
      spread.domains.try_emplace(*label_of(*node, spread.constraint->topology_key), 0);
    }
  }
  const bool asks = !own.required_pods.empty() || !own.required_apart.empty();
  if (asks) {
    for (const auto& [ns, pods] : cluster.pods_by_namespace()) {
      for (const PodInfoPtr& each : pods) {
        const NodeInfo* node = cluster.node_of(*each);
        if (node != nullptr) count_terms(*each, *node, 1);
      }
    }
  } else {
    for (const PodInfoPtr& each : cluster.pods_with_terms()) {
      const NodeInfo* node = cluster.node_of(*each);
      if (node != nullptr) count_terms(*each, *node, 1);
    }
  }
  if (spread_.empty()) return;
  for (const PodInfoPtr& each : cluster.pods_in(pod.ns)) {
    const NodeInfo* node = cluster.node_of(*each);
    if (node != nullptr) count_spread(*each, *node, 1);
  }
}

bool PodTopology::indifferent() const {
  return spread_.empty() && refused_by_.empty() && pod_.constraints->required_pods.empty() &&
         pod_.constraints->required_apart.empty();
}

bool PodTopology::counts_for(const Spread& spread, const NodeInfo& node) const {
  for (const Spread& each : spread_) {
    if (label_of(node, each.constraint->topology_key) == nullptr) return false;
  }
  if (spread.constraint->honor_affinity &&
      !selects_node(*pod_.constraints, node.labels, node.name)) {
    return false;
  }
  if (!spread.constraint->honor_taints) return true;
  return std::all_of(node.taints.begin(), node.taints.end(), [&](const Taint& taint) {
    return taint.effect == "PreferNoSchedule" || tolerated(pod_.tolerations, taint);
  });
}

bool PodTopology::matches_all_own_terms(const PodInfo& other) const {
  const auto& terms = pod_.constraints->required_pods;
  const LabelMap* labels = cluster_.namespace_labels(other.ns);
  return !terms.empty() && std::all_of(terms.begin(), terms.end(), [&](const PodTerm& term) {
    return term_matches(term, other, labels);
  });
}

void PodTopology::count_terms(const PodInfo& placed, const NodeInfo& node, int change) {
  if (matches_all_own_terms(placed)) {
    for (const PodTerm& term : pod_.constraints->required_pods) {
      count(together_, node, term.topology_key, change);
    }
  }
  const LabelMap* theirs = cluster_.namespace_labels(placed.ns);
  for (const PodTerm& term : pod_.constraints->required_apart) {
    if (term_matches(term, placed, theirs)) count(apart_, node, term.topology_key, change);
  }
  const LabelMap* own = cluster_.namespace_labels(pod_.ns);
  for (const PodTerm& term : placed.constraints->required_apart) {
    if (term_matches(term, pod_, own)) count(refused_by_, node, term.topology_key, change);
  }
}

void PodTopology::count_spread(const PodInfo& placed, const NodeInfo& node, int change) {
  if (placed.ns != pod_.ns || placed.leaving) return;
  for (Spread& spread : spread_) {
    if (!counts_for(spread, node) || !spread.constraint->selector.matches(placed.labels)) continue;
    spread.domains[*label_of(node, spread.constraint->topology_key)] += change;
  }
}

void PodTopology::change(const PodInfo& placed, const NodeInfo& node, int change) {
  count_terms(placed, node, change);
  count_spread(placed, node, change);
}

bool PodTopology::affinity_met(const NodeInfo& node) const {
  const auto& terms = pod_.constraints->required_pods;
  bool all = true;
  for (const PodTerm& term : terms) {
    if (label_of(node, term.topology_key) == nullptr) return false;
    all = all && counted(together_, node, term.topology_key);
  }
  // The first of a group that wants to be together has nobody to join but itself.
  return all || (together_.empty() && matches_all_own_terms(pod_));
}

std::optional<Misfit> PodTopology::misfit(const NodeInfo& node) const {
  const auto no = [](const char* reason, bool removals_help) {
    return Misfit{FitRule::kTopology, {reason}, removals_help};
  };
  for (const Spread& spread : spread_) {
    const std::string* value = label_of(node, spread.constraint->topology_key);
    if (value == nullptr) {
      return no("node(s) didn't match pod topology spread constraints (missing required label)",
                false);
    }
    const auto here = spread.domains.find(*value);
    const std::int64_t pods = here == spread.domains.end() ? 0 : here->second;
    const std::int64_t itself = spread.constraint->selector.matches(pod_.labels) ? 1 : 0;
    if (pods + itself - spread.least() > spread.constraint->max_skew) {
      return no("node(s) didn't match pod topology spread constraints", true);
    }
  }
  if (!affinity_met(node)) return no("node(s) didn't match pod affinity rules", false);
  for (const PodTerm& term : pod_.constraints->required_apart) {
    if (counted(apart_, node, term.topology_key)) {
      return no("node(s) didn't match pod anti-affinity rules", true);
    }
  }
  for (const auto& [label, pods] : refused_by_) {
    const std::string* value = label_of(node, label.first);
    if (value != nullptr && *value == label.second) {
      return no("node(s) didn't satisfy existing pods anti-affinity rules", true);
    }
  }
  return std::nullopt;
}

}  // namespace skerry::standalone
