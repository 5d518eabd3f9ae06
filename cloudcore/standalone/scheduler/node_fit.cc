#include "cloudcore/standalone/scheduler/node_fit.h"

#include <algorithm>

namespace skerry::standalone {
namespace {

Misfit final_no(std::string reason) { return {FitRule::kNode, {std::move(reason)}, false}; }

bool untolerated(const NodeInfo& node, const PodInfo& pod) {
  return std::any_of(node.taints.begin(), node.taints.end(), [&](const Taint& taint) {
    const bool keeps_away = taint.effect == "NoSchedule" || taint.effect == "NoExecute";
    return keeps_away && !tolerated(pod.tolerations, taint);
  });
}

bool ports_taken(const NodeInfo& node, const PodInfo& pod) {
  const std::vector<HostPort>& wanted = pod.constraints->host_ports;
  if (wanted.empty()) return false;
  const auto taken_by = [&](const PodInfoPtr& other) {
    for (const HostPort& theirs : other->constraints->host_ports) {
      for (const HostPort& own : wanted) {
        if (own.conflicts_with(theirs)) return true;
      }
    }
    return false;
  };
  return std::any_of(node.pods.begin(), node.pods.end(), taken_by);
}

/// Those that room is kept for.
std::vector<const PodInfo*> kept_for(const NodeInfo& node, const PodInfo& pod) {
  std::vector<const PodInfo*> out;
  for (const PodInfoPtr& each : node.nominated) {
    if (each->priority >= pod.priority && each->uid != pod.uid) out.push_back(each.get());
  }
  return out;
}

struct ResourceCheck {
  Misfit& out;
  void operator()(const char* name, std::int64_t wanted, std::int64_t used, std::int64_t all) {
    if (wanted <= 0 || wanted <= all - used) return;
    out.reasons.push_back(std::string("Insufficient ") + name);
    if (wanted > all) out.removals_help = false;
  }
};

std::optional<Misfit> no_room(const NodeInfo& node, const PodInfo& pod) {
  const std::vector<const PodInfo*> kept = kept_for(node, pod);
  Misfit out{FitRule::kRoom, {}, true};
  if (static_cast<std::int64_t>(node.pods.size() + kept.size()) + 1 > node.allocatable.pods) {
    out.reasons.push_back("Too many pods");
  }
  ResourceAmounts with_kept;
  const ResourceAmounts* used = &node.used;
  if (!kept.empty()) {
    with_kept = node.used;
    for (const PodInfo* each : kept) with_kept.add(each->requests);
    used = &with_kept;
  }
  const ResourceAmounts& wanted = pod.requests;
  const ResourceAmounts& all = node.allocatable;
  ResourceCheck check{out};
  check("cpu", wanted.milli_cpu, used->milli_cpu, all.milli_cpu);
  check("memory", wanted.memory_bytes, used->memory_bytes, all.memory_bytes);
  check("ephemeral-storage", wanted.storage_bytes, used->storage_bytes, all.storage_bytes);
  for (const auto& [name, amount] : wanted.others) {
    const auto of = [&](const ResourceAmounts& from) {
      const auto found = from.others.find(name);
      return found == from.others.end() ? 0 : found->second;
    };
    check(name.c_str(), amount, of(*used), of(all));
  }
  if (out.reasons.empty()) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Misfit> misfit(const NodeInfo& node, const PodInfo& pod) {
  static const Taint kCordoned{taint_keys::kUnschedulable, "", "NoSchedule"};
  if (node.unschedulable && !tolerated(pod.tolerations, kCordoned)) {
    return final_no("node(s) were unschedulable");
  }
  // A Node's taints are not told one by one: with many Nodes the text would have no end.
  if (untolerated(node, pod)) return final_no("node(s) had untolerated taint(s)");
  if (!selects_node(*pod.constraints, node.labels, node.name)) {
    return final_no("node(s) didn't match Pod's node affinity/selector");
  }
  if (ports_taken(node, pod)) {
    return Misfit{
        FitRule::kRoom, {"node(s) didn't have free ports for the requested pod ports"}, true};
  }
  return no_room(node, pod);
}

}  // namespace skerry::standalone
