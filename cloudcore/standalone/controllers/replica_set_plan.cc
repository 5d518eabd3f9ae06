#include "cloudcore/standalone/controllers/replica_set_plan.h"

#include <algorithm>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

struct Counts {
  std::int64_t active = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::int64_t labelled = 0;  // with all labels of the template
  std::optional<Duration> again;
};

Counts count(const std::vector<json>& pods, const json& spec, WallTime now) {
  Counts out;
  const Duration min_ready = fields::seconds(spec, "minReadySeconds", 0);
  const json& labels =
      fields::object(fields::object(fields::object(spec, "template"), "metadata"), "labels");
  for (const json& pod : pods) {
    if (!is_active(pod)) continue;
    ++out.active;
    const json& own = fields::object(fields::object(pod, "metadata"), "labels");
    bool all = true;
    for (const auto& [key, value] : labels.items()) all = all && fields::at(own, key) == value;
    if (all) ++out.labelled;
    const auto left = until_available(pod, min_ready, now);
    if (!left) continue;
    ++out.ready;
    if (*left == Duration(0)) {
      ++out.available;
    } else if (!out.again || *left < *out.again) {
      out.again = *left;
    }
  }
  return out;
}

/// ReplicaFailure, with its time as long as it is the same one; null: nothing failed.
json failure_condition(const json& former, const ReplicaFailure& failure, WallTime now) {
  if (failure.reason.empty()) return nullptr;
  for (const json& each : fields::list(former, "conditions")) {
    const bool same = fields::text(each, "type") == "ReplicaFailure" &&
                      fields::text(each, "reason") == failure.reason;
    if (same) return each;
  }
  return {{"type", "ReplicaFailure"},
          {"status", "True"},
          {"lastTransitionTime", k8s::format_time(now)},
          {"reason", failure.reason},
          {"message", failure.message}};
}

}  // namespace

ReplicaPlan plan_replicas(const json& set,
                          std::vector<json> pods,
                          const PodsOnNodes& on_nodes,
                          WallTime now) {
  ReplicaPlan out;
  std::erase_if(pods, [](const json& pod) { return !is_active(pod); });
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(
      0, fields::number(fields::object(set, "spec"), "replicas").value_or(1)));
  if (wanted >= pods.size()) {
    out.create = std::min(wanted - pods.size(), kReplicaBurstMax);
    return out;
  }
  sort_for_deletion(pods, on_nodes, now);
  pods.resize(std::min(pods.size() - wanted, kReplicaBurstMax));
  out.remove = std::move(pods);
  return out;
}

ReplicaStatus replica_status(const json& set,
                             const std::vector<json>& pods,
                             const ReplicaFailure& failure,
                             WallTime now) {
  const json& former = fields::object(set, "status");
  const Counts counts = count(pods, fields::object(set, "spec"), now);
  json status = former;
  const auto put = [&](const char* field, std::int64_t value) {
    if (value > 0) {
      status[field] = value;
    } else {
      status.erase(field);
    }
  };
  status["replicas"] = counts.active;
  put("fullyLabeledReplicas", counts.labelled);
  put("readyReplicas", counts.ready);
  put("availableReplicas", counts.available);
  put("observedGeneration",
      fields::number(fields::object(set, "metadata"), "generation").value_or(0));
  json conditions = json::array();
  for (const json& each : fields::list(former, "conditions")) {
    if (fields::text(each, "type") != "ReplicaFailure") conditions.push_back(each);
  }
  json failed = failure_condition(former, failure, now);
  if (!failed.is_null()) conditions.push_back(std::move(failed));
  status.erase("conditions");
  if (!conditions.empty()) status["conditions"] = std::move(conditions);
  return {std::move(status), counts.again};
}

}  // namespace skerry::standalone
