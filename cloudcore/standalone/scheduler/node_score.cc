#include "cloudcore/standalone/scheduler/node_score.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

namespace skerry::standalone {
namespace {

using Scores = std::vector<std::int64_t>;
using Nodes = std::vector<const NodeInfo*>;

constexpr std::int64_t kFull = 100;
constexpr const char* kHostName = "kubernetes.io/hostname";
constexpr const char* kZone = "topology.kubernetes.io/zone";

std::int64_t free_share(std::int64_t used, std::int64_t all) {
  return all <= 0 || used > all ? 0 : (all - used) * kFull / all;
}

double used_share(std::int64_t used, std::int64_t all) {
  return all <= 0 ? 1 : std::min(1.0, static_cast<double>(used) / static_cast<double>(all));
}

std::int64_t least_allocated(const PodInfo& pod, const NodeInfo& node) {
  const std::int64_t cpu = node.score_used.milli_cpu + pod.score_requests.milli_cpu;
  const std::int64_t memory = node.score_used.memory_bytes + pod.score_requests.memory_bytes;
  return (free_share(cpu, node.allocatable.milli_cpu) +
          free_share(memory, node.allocatable.memory_bytes)) /
         2;
}

std::int64_t balanced(const PodInfo& pod, const NodeInfo& node) {
  const double cpu =
      used_share(node.used.milli_cpu + pod.requests.milli_cpu, node.allocatable.milli_cpu);
  const double memory =
      used_share(node.used.memory_bytes + pod.requests.memory_bytes, node.allocatable.memory_bytes);
  return static_cast<std::int64_t>((1 - std::abs(cpu - memory) / 2) * kFull);
}

/// The highest becomes 100; with `reverse` the lowest does.
void normalise(Scores& scores, bool reverse) {
  const std::int64_t most = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
  for (std::int64_t& each : scores) {
    if (most > 0) each = each * kFull / most;
    if (reverse) each = kFull - each;
  }
}

/// The lowest becomes 0, the highest 100.
void stretch(Scores& scores) {
  if (scores.empty()) return;
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  const std::int64_t least = *low;
  const std::int64_t range = *high - least;
  for (std::int64_t& each : scores) each = range == 0 ? 0 : (each - least) * kFull / range;
}

Scores disliked_taints(const PodInfo& pod, const Nodes& nodes) {
  Scores out;
  for (const NodeInfo* node : nodes) {
    out.push_back(std::count_if(node->taints.begin(), node->taints.end(), [&](const Taint& taint) {
      return taint.effect == "PreferNoSchedule" && !tolerated(pod.tolerations, taint);
    }));
  }
  normalise(out, true);
  return out;
}

Scores preferred_nodes(const PodInfo& pod, const Nodes& nodes) {
  Scores out;
  for (const NodeInfo* node : nodes) {
    std::int64_t sum = 0;
    for (const NodeTerm& term : pod.constraints->preferred_nodes) {
      if (term.matches(node->labels, node->name)) sum += term.weight;
    }
    out.push_back(sum);
  }
  normalise(out, false);
  return out;
}

// ---- affinity between Pods ----------------------------------------------------------------------

using LabelWeights = std::map<std::pair<std::string, std::string>, std::int64_t>;

void weigh(LabelWeights& weights,
           const std::vector<PodTerm>& terms,
           const PodInfo& other,
           const NodeInfo& node,
           std::pair<const LabelMap*, std::int64_t> labels_and_sign) {
  for (const PodTerm& term : terms) {
    if (!term_matches(term, other, labels_and_sign.first)) continue;
    const std::string* value = label_of(node, term.topology_key);
    const std::int64_t weight = term.weight == 0 ? 1 : term.weight;
    if (value != nullptr) weights[{term.topology_key, *value}] += labels_and_sign.second * weight;
  }
}

LabelWeights affinity_weights(const PodInfo& pod, const ClusterState& cluster) {
  LabelWeights out;
  const PodConstraints& own = *pod.constraints;
  const LabelMap* own_labels = cluster.namespace_labels(pod.ns);
  for (const PodInfoPtr& other : cluster.pods_with_terms()) {
    const NodeInfo* node = cluster.node_of(*other);
    if (node == nullptr) continue;
    const PodConstraints& theirs = *other->constraints;
    weigh(out, theirs.required_pods, pod, *node, {own_labels, 1});
    weigh(out, theirs.preferred_pods, pod, *node, {own_labels, 1});
    weigh(out, theirs.preferred_apart, pod, *node, {own_labels, -1});
  }
  if (own.preferred_pods.empty() && own.preferred_apart.empty()) return out;
  for (const auto& [ns, pods] : cluster.pods_by_namespace()) {
    const LabelMap* labels = cluster.namespace_labels(ns);
    for (const PodInfoPtr& other : pods) {
      const NodeInfo* node = cluster.node_of(*other);
      if (node == nullptr) continue;
      weigh(out, own.preferred_pods, *other, *node, {labels, 1});
      weigh(out, own.preferred_apart, *other, *node, {labels, -1});
    }
  }
  return out;
}

Scores preferred_pods(const PodInfo& pod, const Nodes& nodes, const ClusterState& cluster) {
  Scores out(nodes.size(), 0);
  const LabelWeights weights = affinity_weights(pod, cluster);
  if (weights.empty()) return out;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const auto& [label, weight] : weights) {
      const std::string* value = label_of(*nodes[i], label.first);
      if (value != nullptr && *value == label.second) out[i] += weight;
    }
  }
  stretch(out);
  return out;
}

// ---- spread -------------------------------------------------------------------------------------

/// Adds what one constraint says against each Node: Pods that match, where there are many domains
/// more strongly.
void add_spread(std::vector<double>& against,
                const Nodes& nodes,
                const std::map<std::string, std::int64_t>& by_value,
                const std::pair<std::string, std::int64_t>& key_and_skew) {
  const double weight = std::log(static_cast<double>(by_value.size() + 2));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string* value = label_of(*nodes[i], key_and_skew.first);
    if (value == nullptr) continue;
    const auto found = by_value.find(*value);
    const double pods = found == by_value.end() ? 0 : static_cast<double>(found->second);
    against[i] += pods * weight + static_cast<double>(key_and_skew.second - 1);
  }
}

template <class Matches>
std::map<std::string, std::int64_t> count_by(const std::string& key,
                                             const PodInfo& pod,
                                             const ClusterState& cluster,
                                             const Matches& matches) {
  std::map<std::string, std::int64_t> out;
  for (const PodInfoPtr& other : cluster.pods_in(pod.ns)) {
    if (other->leaving || !matches(*other)) continue;
    const NodeInfo* node = cluster.node_of(*other);
    const std::string* value = node == nullptr ? nullptr : label_of(*node, key);
    if (value != nullptr) ++out[*value];
  }
  return out;
}

/// A Pod that says nothing itself is kept apart from those of the same controller.
void add_default_spread(std::vector<double>& against,
                        const PodInfo& pod,
                        const Nodes& nodes,
                        const ClusterState& cluster) {
  if (pod.controller.empty()) return;
  std::map<std::string, std::int64_t> by_host;
  std::map<std::string, std::int64_t> in_zone;
  for (const auto& [name, pods] : cluster.nodes_of_controller(pod.controller)) {
    const NodeInfo* node = cluster.node(name);
    if (node == nullptr) continue;
    if (const std::string* host = label_of(*node, kHostName); host != nullptr)
      by_host[*host] = pods;
    if (const std::string* zone = label_of(*node, kZone); zone != nullptr) in_zone[*zone] += pods;
  }
  add_spread(against, nodes, by_host, {kHostName, 3});
  add_spread(against, nodes, in_zone, {kZone, 5});
}

Scores spread(const PodInfo& pod, const Nodes& nodes, const ClusterState& cluster) {
  std::vector<double> against(nodes.size(), 0);
  for (const SpreadConstraint& each : pod.constraints->spread) {
    if (each.required) continue;
    const auto matches = [&](const PodInfo& other) { return each.selector.matches(other.labels); };
    add_spread(against, nodes, count_by(each.topology_key, pod, cluster, matches),
               {each.topology_key, each.max_skew});
  }
  if (pod.constraints->spread.empty()) add_default_spread(against, pod, nodes, cluster);
  Scores out;
  if (against.empty()) return out;
  const auto [low, high] = std::minmax_element(against.begin(), against.end());
  for (const double each : against) {
    const double score = *high == 0 ? kFull : kFull * (*high + *low - each) / *high;
    out.push_back(static_cast<std::int64_t>(score));
  }
  return out;
}

}  // namespace

Scores scores(const PodInfo& pod, const Nodes& nodes, const ClusterState& cluster) {
  Scores out;
  for (const NodeInfo* node : nodes) {
    out.push_back(least_allocated(pod, *node) + balanced(pod, *node));
  }
  const auto add = [&](const Scores& more, std::int64_t weight) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += more[i] * weight;
  };
  add(disliked_taints(pod, nodes), 3);
  if (!pod.constraints->preferred_nodes.empty()) add(preferred_nodes(pod, nodes), 2);
  add(spread(pod, nodes, cluster), 2);
  add(preferred_pods(pod, nodes, cluster), 2);
  return out;
}

}  // namespace skerry::standalone
