#include "cloudcore/standalone/scheduler/decision.h"

#include <algorithm>

#include "cloudcore/standalone/scheduler/failure_text.h"
#include "cloudcore/standalone/scheduler/node_score.h"

namespace skerry::standalone {
namespace {

constexpr std::size_t kNodesAlwaysTried = 100;

std::optional<Misfit> misfit_of(const PodInfo& pod,
                                const NodeInfo& node,
                                const PodTopology& topology,
                                const PodVolumes& volumes) {
  const auto& named = pod.constraints->named_nodes;
  if (named && !named->contains(node.name)) {
    return Misfit{FitRule::kNode, {"node(s) didn't satisfy plugin(s) [NodeAffinity]"}, false};
  }
  auto found = misfit(node, pod);
  if (!found) found = misfit(volumes, node);
  if (!found) found = topology.misfit(node);
  return found;
}

}  // namespace

std::size_t enough_nodes(std::size_t nodes) {
  if (nodes <= kNodesAlwaysTried) return nodes;
  const std::size_t percent = nodes / 125 >= 45 ? 5 : 50 - nodes / 125;
  return std::max(kNodesAlwaysTried, nodes * percent / 100);
}

Decider::Search Decider::search(const PodInfo& pod,
                                const PodTopology& topology,
                                const PodVolumes& volumes) {
  Search out;
  const auto& nodes = cluster_.nodes();
  const std::size_t wanted = enough_nodes(nodes.size());
  std::size_t tried = 0;
  for (; tried < nodes.size() && out.fitting.size() < wanted; ++tried) {
    const NodeInfo& node = *nodes[(next_start_ + tried) % nodes.size()];
    auto found = misfit_of(pod, node, topology, volumes);
    if (found) {
      out.misfits.push_back(std::move(*found));
    } else {
      out.fitting.push_back(&node);
    }
  }
  if (out.fitting.empty() && !nodes.empty()) {
    // Back into the order of the Nodes, as preemption reads them.
    std::rotate(out.misfits.begin(),
                out.misfits.end() - static_cast<std::ptrdiff_t>(next_start_ % nodes.size()),
                out.misfits.end());
  }
  if (!nodes.empty()) next_start_ = (next_start_ + tried) % nodes.size();
  return out;
}

const NodeInfo& Decider::choose(const PodInfo& pod, const std::vector<const NodeInfo*>& fitting) {
  if (fitting.size() == 1) return *fitting.front();
  const std::vector<std::int64_t> all = scores(pod, fitting, cluster_);
  std::size_t best = 0;
  std::uint64_t equals = 1;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i] > all[best]) {
      best = i;
      equals = 1;
    } else if (all[i] == all[best] && world_.random.next() % ++equals == 0) {
      best = i;
    }
  }
  return *fitting[best];
}

Decision Decider::decide(const PodInfo& pod, const Limits& limits) {
  Decision out;
  const auto& nodes = cluster_.nodes();
  if (nodes.empty()) {
    out.why = why_nowhere({});
    out.rules = ~0U;
    return out;
  }
  out.volumes = read_volumes(pod, objects_);
  if (!out.volumes.nowhere.empty()) {
    out.why = why_nowhere(nodes.size(), out.volumes.nowhere) + " not found";
    out.rules = static_cast<unsigned>(FitRule::kVolumes);
    return out;
  }
  const PodTopology topology(pod, cluster_);
  if (const NodeInfo* wanted = cluster_.node(pod.nominated); wanted != nullptr) {
    if (!misfit_of(pod, *wanted, topology, out.volumes)) {
      out.node = wanted->name;
      return out;
    }
  }
  Search found = search(pod, topology, out.volumes);
  if (!found.fitting.empty()) {
    out.node = choose(pod, found.fitting).name;
    return out;
  }
  out.why = why_nowhere(found.misfits);
  for (const Misfit& each : found.misfits) out.rules |= static_cast<unsigned>(each.rule);
  const std::string refused = not_eligible(pod, cluster_);
  out.keep_nomination = !refused.empty() && pod.may_preempt;
  if (!refused.empty()) {
    out.why += why_not_eligible(refused);
    return out;
  }
  const std::vector<DisruptionLimit> allowed = limits();
  const PreemptionCase asked{pod, cluster_, topology, allowed};
  out.preemption = find_preemption(asked, found.misfits);
  if (!out.preemption) out.why += why_no_preemption(found.misfits);
  return out;
}

}  // namespace skerry::standalone
