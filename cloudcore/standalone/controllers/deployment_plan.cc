#include "cloudcore/standalone/controllers/deployment_plan.h"

#include <algorithm>
#include <charconv>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kHashLabel = "pod-template-hash";
constexpr int kProgressDeadlineSeconds = 600;

/// An int or a percentage of `total`.
std::int64_t resolve(const json& value, std::int64_t total, bool up, const char* otherwise) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const std::string text = value.is_string() ? value.get<std::string>() : otherwise;
  std::int64_t percent = 0;
  std::from_chars(text.data(), text.data() + text.size(), percent);
  return up ? (percent * total + 99) / 100 : percent * total / 100;
}

std::int64_t sum(const std::vector<SetCount>& sets, std::int64_t SetCount::* number) {
  std::int64_t out = 0;
  for (const SetCount& set : sets) out += set.*number;
  return out;
}

/// Pods of old sets that are not even available go first, then as many as may be missing.
std::vector<Resize> shrink_olds(const RolloutLimits& limits,
                                const SetCount& current,
                                const std::vector<SetCount>& olds) {
  const std::int64_t all = sum(olds, &SetCount::wanted) + current.wanted;
  const std::int64_t least = limits.replicas - limits.max_unavailable;
  const std::int64_t new_unavailable = current.wanted - current.available;
  std::int64_t may_go = all - least - new_unavailable;
  std::vector<SetCount> left = olds;
  if (may_go > 0) {
    for (SetCount& set : left) {
      const std::int64_t broken = std::min(set.wanted - set.available, may_go);
      if (broken <= 0) continue;
      set.wanted -= broken;
      may_go -= broken;
    }
  }
  std::int64_t spare = sum(left, &SetCount::available) + current.available - least;
  spare = std::min(spare, may_go);
  for (SetCount& set : left) {
    const std::int64_t gone = std::min(set.wanted, std::max<std::int64_t>(0, spare));
    set.wanted -= gone;
    spare -= gone;
  }
  std::vector<Resize> out;
  for (std::size_t i = 0; i < olds.size(); ++i) {
    if (left[i].wanted != olds[i].wanted) out.push_back({left[i].name, left[i].wanted});
  }
  return out;
}

json condition(const json& former,
               const char* type,
               bool holds,
               const char* reason,
               const std::string& message,
               WallTime now) {
  const std::string time = k8s::format_time(now);
  json out = {{"type", type},           {"status", holds ? "True" : "False"},
              {"reason", reason},       {"message", message},
              {"lastUpdateTime", time}, {"lastTransitionTime", time}};
  for (const json& each : fields::list(former, "conditions")) {
    if (fields::text(each, "type") != type) continue;
    if (fields::at(each, "status") == out["status"]) {
      out["lastTransitionTime"] = fields::at(each, "lastTransitionTime");
      const bool same = fields::at(each, "reason") == out["reason"] &&
                        fields::at(each, "message") == out["message"];
      if (same) out["lastUpdateTime"] = fields::at(each, "lastUpdateTime");
    }
  }
  return out;
}

json progress(const json& deployment,
              const json& former,
              const std::optional<SetCount>& current,
              bool complete,
              bool moved,
              WallTime now) {
  const std::string name = fields::text(fields::object(deployment, "metadata"), "name");
  if (!current) {
    return condition(former, "Progressing", true, "ReplicaSetUpdated",
                     "Deployment \"" + name + "\" is progressing.", now);
  }
  const std::string of = "ReplicaSet \"" + current->name + "\"";
  if (complete) {
    return condition(former, "Progressing", true, "NewReplicaSetAvailable",
                     of + " has successfully progressed.", now);
  }
  for (const json& each : fields::list(former, "conditions")) {
    if (fields::text(each, "type") != "Progressing" || moved) continue;
    const std::string reason = fields::text(each, "reason");
    if (reason == "NewReplicaSetAvailable") break;  // that was an earlier template
    const auto deadline = fields::seconds(fields::object(deployment, "spec"),
                                          "progressDeadlineSeconds", kProgressDeadlineSeconds);
    if (now - fields::time(each, "lastUpdateTime") < deadline) return each;
    return condition(former, "Progressing", false, "ProgressDeadlineExceeded",
                     of + " has timed out progressing.", now);
  }
  json out =
      condition(former, "Progressing", true, "ReplicaSetUpdated", of + " is progressing.", now);
  out["lastUpdateTime"] = k8s::format_time(now);
  return out;
}

}  // namespace

RolloutLimits rollout_limits(const json& spec) {
  RolloutLimits out;
  out.replicas = std::max<std::int64_t>(0, fields::number(spec, "replicas").value_or(1));
  const json& strategy = fields::object(spec, "strategy");
  out.recreate = fields::text(strategy, "type") == "Recreate";
  const json& rolling = fields::object(strategy, "rollingUpdate");
  out.max_surge = resolve(fields::at(rolling, "maxSurge"), out.replicas, true, "25%");
  out.max_unavailable = resolve(fields::at(rolling, "maxUnavailable"), out.replicas, false, "25%");
  if (out.max_surge == 0 && out.max_unavailable == 0) out.max_unavailable = 1;
  out.max_unavailable = std::min(out.max_unavailable, out.replicas);
  return out;
}

std::vector<Resize> plan_rollout(const RolloutLimits& limits,
                                 const SetCount& current,
                                 const std::vector<SetCount>& olds) {
  std::vector<Resize> out;
  if (limits.recreate) {
    for (const SetCount& old : olds) {
      if (old.wanted > 0) out.push_back({old.name, 0});
    }
    const bool old_pods = sum(olds, &SetCount::replicas) > 0;
    if (out.empty() && !old_pods && current.wanted != limits.replicas) {
      out.push_back({current.name, limits.replicas});
    }
    return out;
  }
  if (current.wanted > limits.replicas) return {{current.name, limits.replicas}};
  if (current.wanted < limits.replicas) {
    const std::int64_t room =
        limits.replicas + limits.max_surge - sum(olds, &SetCount::wanted) - current.wanted;
    const std::int64_t more = std::min(room, limits.replicas - current.wanted);
    if (more > 0) return {{current.name, current.wanted + more}};
  }
  return shrink_olds(limits, current, olds);
}

bool same_template(const json& a, const json& b) {
  const auto without_hash = [](json pod_template) {
    json& labels = pod_template["metadata"]["labels"];
    if (labels.is_object()) labels.erase(kHashLabel);
    return pod_template;
  };
  return without_hash(a) == without_hash(b);
}

std::string template_hash(const json& pod_template, std::int64_t collisions) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::uint32_t hash = 2166136261u;  // FNV-1a
  const std::string text = pod_template.dump() + "/" + std::to_string(collisions);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  std::string out = std::to_string(hash);
  for (char& c : out) c = kLetters[static_cast<unsigned char>(c) % kLetters.size()];
  return out;
}

std::int64_t revision_of_set(const json& set) {
  const json& annotations = fields::object(fields::object(set, "metadata"), "annotations");
  const std::string text = fields::text(annotations, "deployment.kubernetes.io/revision");
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

json deployment_status(const json& deployment,
                       const std::optional<SetCount>& current,
                       const std::vector<SetCount>& olds,
                       WallTime now) {
  const json& former = fields::object(deployment, "status");
  const RolloutLimits limits = rollout_limits(fields::object(deployment, "spec"));
  const SetCount own = current.value_or(SetCount{});
  const std::int64_t replicas = own.replicas + sum(olds, &SetCount::replicas);
  const std::int64_t available = own.available + sum(olds, &SetCount::available);
  json status = former;
  const auto put = [&](const char* field, std::int64_t value) {
    if (value > 0) {
      status[field] = value;
    } else {
      status.erase(field);
    }
  };
  put("observedGeneration",
      fields::number(fields::object(deployment, "metadata"), "generation").value_or(0));
  put("replicas", replicas);
  put("updatedReplicas", own.replicas);
  put("readyReplicas", own.ready + sum(olds, &SetCount::ready));
  put("availableReplicas", available);
  put("unavailableReplicas",
      std::max<std::int64_t>(0, own.wanted + sum(olds, &SetCount::wanted) - available));

  const std::int64_t missing = limits.recreate ? 0 : limits.max_unavailable;
  const bool enough = available >= limits.replicas - missing;
  json conditions = json::array();
  conditions.push_back(condition(former, "Available", enough,
                                 enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                                 enough ? "Deployment has minimum availability."
                                        : "Deployment does not have minimum availability.",
                                 now));
  const bool complete = own.replicas == limits.replicas && own.available == limits.replicas &&
                        replicas == limits.replicas;
  const bool moved = fields::number(former, "updatedReplicas").value_or(0) != own.replicas ||
                     fields::number(former, "availableReplicas").value_or(0) != available ||
                     fields::number(former, "replicas").value_or(0) != replicas;
  conditions.push_back(progress(deployment, former, current, complete, moved, now));
  status["conditions"] = std::move(conditions);
  return status;
}

}  // namespace skerry::standalone
