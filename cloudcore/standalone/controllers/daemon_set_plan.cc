#include "cloudcore/standalone/controllers/daemon_set_plan.h"

#include <algorithm>
#include <map>

#include "cloudcore/standalone/controllers/deployment_plan.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

Duration min_ready_of(const json& set) {
  return fields::seconds(fields::object(set, "spec"), "minReadySeconds", 0);
}

struct Limits {
  bool rolls = true;  // not OnDelete
  std::int64_t max_surge = 0;
  std::int64_t max_unavailable = 1;
};

Limits limits_of(const json& set, const std::vector<DaemonNode>& nodes) {
  const json& strategy = fields::object(fields::object(set, "spec"), "updateStrategy");
  Limits out;
  out.rolls = fields::text(strategy, "type") != "OnDelete";
  if (!out.rolls) return out;
  const std::int64_t wanted = std::count_if(
      nodes.begin(), nodes.end(), [](const DaemonNode& node) { return node.place.should_run; });
  const json& rolling = fields::object(strategy, "rollingUpdate");
  out.max_surge = int_or_percent(fields::at(rolling, "maxSurge"), wanted, true, "0%");
  const json& unavailable = fields::at(rolling, "maxUnavailable");
  out.max_unavailable = unavailable.is_null() ? 1 : int_or_percent(unavailable, wanted, true, "0%");
  if (out.max_surge == 0 && out.max_unavailable == 0) out.max_unavailable = 1;
  return out;
}

/// Of a Node's Pods that are not on their way out: the one of the new and the one of an old
/// template.
struct Pair {
  const json* fresh = nullptr;
  const json* old = nullptr;
  bool excess = false;  // more than one of a kind
};

Pair pair_of(const json& set, const DaemonNode& node, const std::string& hash) {
  Pair out;
  for (const json& pod : node.pods) {
    if (is_terminating(pod)) continue;
    const json*& place = is_updated(pod, set, hash) ? out.fresh : out.old;
    if (place != nullptr) out.excess = true;
    place = &pod;
  }
  return out;
}

/// With a surge two Pods may run on a Node while the new one is not available and the old one is
/// ready.
void keep_surge(DaemonPlan& plan,
                const json& set,
                const std::vector<json>& running,
                const std::string& hash,
                WallTime now) {
  const json* fresh = nullptr;
  const json* old = nullptr;
  for (const json& pod : running) {
    const json& labels = fields::object(fields::object(pod, "metadata"), "labels");
    const json*& place = fields::text(labels, kDaemonHashLabel) == hash ? fresh : old;
    if (place == nullptr) {
      place = &pod;
    } else {
      plan.remove.push_back(pod);
    }
  }
  if (fresh == nullptr || old == nullptr) return;
  if (!is_ready(*old) || is_available(*fresh, min_ready_of(set), now)) plan.remove.push_back(*old);
}

void plan_node(DaemonPlan& plan,
               const json& set,
               const DaemonNode& node,
               const std::string& hash,
               WallTime now) {
  if (node.place.should_run && node.pods.empty()) {
    plan.create_on.push_back(node.name);
    return;
  }
  if (!node.place.should_continue) {
    for (const json& pod : node.pods) {
      if (!is_terminating(pod)) plan.remove.push_back(pod);
    }
    return;
  }
  std::vector<json> running;
  for (const json& pod : node.pods) {
    if (is_terminating(pod)) continue;
    const std::string phase = phase_of(pod);
    const bool ended = phase == "Failed" || phase == "Succeeded";
    (ended ? plan.ended : running).push_back(pod);
  }
  if (running.size() <= 1) return;
  const json& strategy = fields::object(fields::object(set, "spec"), "updateStrategy");
  const json& surge = fields::at(fields::object(strategy, "rollingUpdate"), "maxSurge");
  const bool surges =
      fields::text(strategy, "type") != "OnDelete" && int_or_percent(surge, 100, true, "0%") > 0;
  if (surges) {
    keep_surge(plan, set, running, hash, now);
  } else {
    plan.remove.insert(plan.remove.end(), running.begin() + 1, running.end());
  }
}

DaemonPlan replace_on_nodes(const json& set,
                            const std::vector<DaemonNode>& nodes,
                            const std::string& hash,
                            std::int64_t max_unavailable,
                            WallTime now) {
  DaemonPlan plan;
  std::vector<json> candidates;
  std::int64_t unavailable = 0;
  for (const DaemonNode& node : nodes) {
    if (!node.place.should_run) continue;
    const Pair pair = pair_of(set, node, hash);
    const bool both_or_none = (pair.fresh == nullptr) == (pair.old == nullptr);
    if (pair.excess || both_or_none) {
      ++unavailable;  // a Pod is on its way in or out
    } else if (pair.fresh != nullptr) {
      if (!is_available(*pair.fresh, min_ready_of(set), now)) ++unavailable;
    } else if (!is_available(*pair.old, min_ready_of(set), now)) {
      plan.remove.push_back(*pair.old);  // nothing is lost with it
    } else {
      candidates.push_back(*pair.old);
    }
  }
  for (const json& pod : candidates) {
    if (unavailable++ >= max_unavailable) break;
    plan.remove.push_back(pod);
  }
  return plan;
}

DaemonPlan surge_on_nodes(const json& set,
                          const std::vector<DaemonNode>& nodes,
                          const std::string& hash,
                          std::int64_t max_surge,
                          WallTime now) {
  DaemonPlan plan;
  std::vector<std::string> candidates;
  std::int64_t surging = 0;
  for (const DaemonNode& node : nodes) {
    if (!node.place.should_run) continue;
    const Pair pair = pair_of(set, node, hash);
    if (pair.excess) {
      ++surging;
    } else if (pair.old == nullptr) {
      continue;
    } else if (pair.fresh != nullptr) {
      if (is_available(*pair.fresh, min_ready_of(set), now)) {
        plan.remove.push_back(*pair.old);
      } else {
        ++surging;
      }
    } else if (!is_available(*pair.old, min_ready_of(set), now)) {
      plan.create_on.push_back(node.name);
    } else {
      candidates.push_back(node.name);
    }
  }
  for (const std::string& name : candidates) {
    if (surging++ >= max_surge) break;
    plan.create_on.push_back(name);
  }
  return plan;
}

void limit(DaemonPlan& plan) {
  if (plan.create_on.size() > kDaemonBurstMax) plan.create_on.resize(kDaemonBurstMax);
  if (plan.remove.size() > kDaemonBurstMax) plan.remove.resize(kDaemonBurstMax);
}

}  // namespace

std::vector<DaemonNode> daemon_nodes(const json& set,
                                     const std::vector<json>& nodes,
                                     const std::vector<json>& pods) {
  std::map<std::string, DaemonNode> by_name;
  for (const json& node : nodes) {
    const std::string name = fields::text(fields::object(node, "metadata"), "name");
    by_name[name] = {name, daemon_place(set, node), {}};
  }
  for (const json& pod : pods) {
    const std::string name = daemon_node_of(pod);
    // A Pod that was placed on a Node that has gone is the Pod garbage collector's.
    const bool placed = !fields::text(fields::object(pod, "spec"), "nodeName").empty();
    if (name.empty() || (placed && !by_name.contains(name))) continue;
    DaemonNode& at = by_name[name];
    at.name = name;
    at.pods.push_back(pod);
  }
  std::vector<DaemonNode> out;
  for (auto& [name, node] : by_name) {
    std::stable_sort(node.pods.begin(), node.pods.end(), [](const json& a, const json& b) {
      const auto rank = [](const json& pod) {
        const bool placed = !fields::text(fields::object(pod, "spec"), "nodeName").empty();
        return std::pair(!placed,
                         fields::time(fields::object(pod, "metadata"), "creationTimestamp"));
      };
      return rank(a) < rank(b);
    });
    out.push_back(std::move(node));
  }
  return out;
}

DaemonPlan plan_daemons(const json& set,
                        const std::vector<DaemonNode>& nodes,
                        const std::string& hash,
                        WallTime now) {
  DaemonPlan plan;
  for (const DaemonNode& node : nodes) plan_node(plan, set, node, hash, now);
  limit(plan);
  return plan;
}

DaemonPlan plan_daemon_rollout(const json& set,
                               const std::vector<DaemonNode>& nodes,
                               const std::string& hash,
                               WallTime now) {
  const Limits limits = limits_of(set, nodes);
  if (!limits.rolls) return {};
  DaemonPlan plan = limits.max_surge > 0
                        ? surge_on_nodes(set, nodes, hash, limits.max_surge, now)
                        : replace_on_nodes(set, nodes, hash, limits.max_unavailable, now);
  limit(plan);
  return plan;
}

DaemonStatus daemon_status(const json& set,
                           const std::vector<DaemonNode>& nodes,
                           const std::string& hash,
                           WallTime now) {
  DaemonStatus out;
  std::int64_t desired = 0, current = 0, misplaced = 0, ready = 0, available = 0, updated = 0;
  for (const DaemonNode& node : nodes) {
    const bool has = !node.pods.empty();
    if (!node.place.should_run) {
      if (has) ++misplaced;
      continue;
    }
    ++desired;
    if (!has) continue;
    ++current;
    const json& pod = node.pods.front();
    if (is_updated(pod, set, hash)) ++updated;
    const auto left = until_available(pod, min_ready_of(set), now);
    if (!left) continue;
    ++ready;
    if (*left == Duration(0)) {
      ++available;
    } else if (!out.again || *left < *out.again) {
      out.again = *left;
    }
  }
  out.status = fields::object(set, "status");
  out.status["desiredNumberScheduled"] = desired;
  out.status["currentNumberScheduled"] = current;
  out.status["numberMisscheduled"] = misplaced;
  out.status["numberReady"] = ready;
  const auto put = [&](const char* field, std::int64_t value) {
    if (value > 0) {
      out.status[field] = value;
    } else {
      out.status.erase(field);
    }
  };
  put("updatedNumberScheduled", updated);
  put("numberAvailable", available);
  put("numberUnavailable", desired - available);
  put("observedGeneration",
      fields::number(fields::object(set, "metadata"), "generation").value_or(0));
  return out;
}

}  // namespace skerry::standalone
