#include "cloudcore/standalone/controllers/node_health.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/controllers/taints.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// Which status of which condition keeps new Pods away.
struct TaintRow {
  const char* condition;
  const char* status;
  const char* taint;
};
constexpr TaintRow kTaintRows[] = {
    {"Ready", "False", taint_keys::kNotReady},
    {"Ready", "Unknown", taint_keys::kUnreachable},
    {"MemoryPressure", "True", taint_keys::kMemoryPressure},
    {"DiskPressure", "True", taint_keys::kDiskPressure},
    {"PIDPressure", "True", taint_keys::kPidPressure},
    {"NetworkUnavailable", "True", taint_keys::kNetworkUnavailable},
};
constexpr const char* kConditions[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

std::string condition_of(const json& node, const char* type) {
  for (const json& each : fields::list(fields::object(node, "status"), "conditions")) {
    if (fields::text(each, "type") == type) return fields::text(each, "status");
  }
  return {};
}

bool is_ours(const json& taint) {
  const std::string key = fields::text(taint, "key");
  const std::string effect = fields::text(taint, "effect");
  if (effect == "NoExecute") {
    return key == taint_keys::kNotReady || key == taint_keys::kUnreachable;
  }
  if (effect != "NoSchedule") return false;
  return key == taint_keys::kUnschedulable ||
         std::any_of(std::begin(kTaintRows), std::end(kTaintRows),
                     [&](const TaintRow& row) { return key == row.taint; });
}

}  // namespace

std::string readiness(const json& node) { return condition_of(node, "Ready"); }

json conditions_in_silence(const json& node, WallTime now) {
  const std::string at = k8s::format_time(now);
  json out = fields::list(fields::object(node, "status"), "conditions");
  std::set<std::string> seen;
  for (json& each : out) {
    const std::string type = fields::text(each, "type");
    const bool about_kubelet =
        std::find(std::begin(kConditions), std::end(kConditions), type) != std::end(kConditions);
    seen.insert(type);
    if (!about_kubelet || fields::text(each, "status") == "Unknown") continue;
    each["status"] = "Unknown";
    each["reason"] = "NodeStatusUnknown";
    each["message"] = "Kubelet stopped posting node status.";
    each["lastTransitionTime"] = at;
  }
  const std::string born = fields::text(fields::object(node, "metadata"), "creationTimestamp", at);
  for (const char* type : kConditions) {
    if (seen.contains(type)) continue;
    out.push_back({{"type", type},
                   {"status", "Unknown"},
                   {"reason", "NodeStatusNeverUpdated"},
                   {"message", "Kubelet never posted node status."},
                   {"lastHeartbeatTime", born},
                   {"lastTransitionTime", at}});
  }
  return out;
}

json taints_wanted(const json& node, const TaintWish& wish, WallTime now) {
  const json& spec = fields::object(node, "spec");
  const json& current = fields::list(spec, "taints");
  json wanted = json::array();
  const auto want = [&](const char* key, const char* effect) {
    const auto there = std::find_if(current.begin(), current.end(), [&](const json& each) {
      return fields::text(each, "key") == key && fields::text(each, "effect") == effect;
    });
    if (there != current.end()) {
      wanted.push_back(*there);
      return;
    }
    if (std::string_view(effect) == "NoExecute" && !wish.execute) return;
    wanted.push_back({{"key", key}, {"effect", effect}, {"timeAdded", k8s::format_time(now)}});
  };
  for (const TaintRow& row : kTaintRows) {
    if (condition_of(node, row.condition) == row.status) want(row.taint, "NoSchedule");
  }
  if (fields::flag(spec, "unschedulable")) want(taint_keys::kUnschedulable, "NoSchedule");
  const std::string ready = readiness(node);
  if (!wish.spare && ready == "False") want(taint_keys::kNotReady, "NoExecute");
  if (!wish.spare && ready == "Unknown") want(taint_keys::kUnreachable, "NoExecute");

  // In place where they were, so that what did not change is not written.
  json out = json::array();
  for (const json& each : current) {
    const bool stays = std::find(wanted.begin(), wanted.end(), each) != wanted.end();
    if (!is_ours(each) || stays) out.push_back(each);
  }
  for (const json& each : wanted) {
    if (std::find(out.begin(), out.end(), each) == out.end()) out.push_back(each);
  }
  return out;
}

std::optional<Duration> eviction_interval(const FleetHealth& fleet) {
  if (fleet.away >= fleet.nodes) return std::nullopt;
  const bool many = fleet.away > 2 && fleet.away * 100 >= fleet.nodes * 55;
  if (!many) return kEvictionInterval;
  if (fleet.nodes <= kLargeCluster) return std::nullopt;
  return kEvictionIntervalSlow;
}

}  // namespace skerry::standalone
