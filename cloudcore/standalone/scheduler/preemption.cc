#include "cloudcore/standalone/scheduler/preemption.h"

#include <algorithm>
#include <tuple>

namespace skerry::standalone {
namespace {

bool more_important(const PodInfoPtr& a, const PodInfoPtr& b) {
  if (a->priority != b->priority) return a->priority > b->priority;
  return a->started < b->started;
}

/// Splits the Pods into those whose removal breaks a budget and the rest.
std::vector<PodInfoPtr> take_violating(std::vector<PodInfoPtr>& pods,
                                       std::vector<DisruptionLimit> limits) {
  std::vector<PodInfoPtr> violating;
  std::vector<PodInfoPtr> rest;
  for (const PodInfoPtr& pod : pods) {
    bool violates = false;
    for (DisruptionLimit& each : limits) {
      if (each.ns != pod->ns || pod->labels.empty() || !each.selector.matches(pod->labels))
        continue;
      if (each.disrupted.contains(pod->name)) continue;
      violates = --each.allowed < 0 || violates;
    }
    (violates ? violating : rest).push_back(pod);
  }
  pods = std::move(rest);
  return violating;
}

/// One Node with Pods taken away and given back.
class Trial {
 public:
  Trial(const PreemptionCase& asked, const NodeInfo& node)
      : pod_(asked.pod), node_(node), topology_(asked.topology) {}

  void remove(const PodInfoPtr& pod) {
    node_.remove(*pod);
    topology_.change(*pod, node_, -1);
  }
  void put_back(const PodInfoPtr& pod) {
    node_.add(pod);
    topology_.change(*pod, node_, 1);
  }
  bool fits() const { return !misfit(node_, pod_) && !topology_.misfit(node_); }

 private:
  const PodInfo& pod_;
  NodeInfo node_;
  PodTopology topology_;
};

std::optional<Preemption> on_node(const PreemptionCase& asked, const NodeInfo& node) {
  std::vector<PodInfoPtr> lower;
  for (const PodInfoPtr& each : node.pods) {
    if (each->priority < asked.pod.priority) lower.push_back(each);
  }
  if (lower.empty()) return std::nullopt;
  Trial trial(asked, node);
  for (const PodInfoPtr& each : lower) trial.remove(each);
  if (!trial.fits()) return std::nullopt;
  // As many as possible stay: first those that a budget protects, the important ones first.
  std::sort(lower.begin(), lower.end(), more_important);
  Preemption out;
  out.node = node.name;
  const auto stays = [&](const PodInfoPtr& pod) {
    trial.put_back(pod);
    if (trial.fits()) return true;
    trial.remove(pod);
    out.victims.push_back(pod);
    return false;
  };
  const std::vector<PodInfoPtr> violating = take_violating(lower, asked.limits);
  for (const PodInfoPtr& each : violating) out.violations += stays(each) ? 0 : 1;
  for (const PodInfoPtr& each : lower) (void)stays(each);
  if (out.victims.empty()) return std::nullopt;
  std::sort(out.victims.begin(), out.victims.end(), more_important);
  return out;
}

/// Less is better: budgets broken, the most important victim, the sum of priorities, the number of
/// victims; then the Node whose most important victim started last.
auto cost(const Preemption& each) {
  std::int64_t sum = 0;
  for (const PodInfoPtr& pod : each.victims) sum += pod->priority + (std::int64_t{1} << 31);
  const std::int64_t highest = each.victims.front()->priority;
  WallTime earliest = each.victims.front()->started;
  for (const PodInfoPtr& pod : each.victims) {
    if (pod->priority == highest) earliest = std::min(earliest, pod->started);
  }
  return std::tuple(each.violations, highest, sum, each.victims.size(),
                    -earliest.time_since_epoch().count());
}

}  // namespace

std::optional<Preemption> find_preemption(const PreemptionCase& asked,
                                          const std::vector<Misfit>& misfits) {
  std::optional<Preemption> best;
  std::size_t found = 0;
  const auto& nodes = asked.cluster.nodes();
  for (std::size_t i = 0; i < nodes.size() && i < misfits.size(); ++i) {
    if (!misfits[i].removals_help) continue;
    auto here = on_node(asked, *nodes[i]);
    if (!here) continue;
    if (!best || cost(*here) < cost(*best)) best = std::move(here);
    if (++found >= kPreemptionNodesMax) break;
  }
  return best;
}

std::string not_eligible(const PodInfo& pod, const ClusterState& cluster) {
  if (!pod.may_preempt) return "preemptionPolicy=Never";
  const NodeInfo* node = cluster.node(pod.nominated);
  if (node == nullptr) return {};
  const bool waits = std::any_of(node->pods.begin(), node->pods.end(), [&](const PodInfoPtr& each) {
    return each->leaving && each->priority < pod.priority;
  });
  return waits ? "a terminating pod on the nominated node" : std::string();
}

}  // namespace skerry::standalone
