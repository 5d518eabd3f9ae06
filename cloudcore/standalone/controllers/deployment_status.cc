#include "cloudcore/standalone/controllers/deployment_status.h"

#include <limits>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kProgressing = "Progressing";
constexpr const char* kAvailable = "Available";
constexpr const char* kFailure = "ReplicaFailure";
constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int32_t>::max();

json condition(
    const char* type, const char* status, const char* reason, std::string message, WallTime now) {
  const std::string time = k8s::format_time(now);
  return {{"type", type},           {"status", status},
          {"reason", reason},       {"message", std::move(message)},
          {"lastUpdateTime", time}, {"lastTransitionTime", time}};
}

const json* find(const json& status, const char* type) {
  for (const json& each : fields::list(status, "conditions")) {
    if (fields::text(each, "type") == type) return &each;
  }
  return nullptr;
}

void drop(json& status, const char* type) {
  json kept = json::array();
  for (const json& each : fields::list(status, "conditions")) {
    if (fields::text(each, "type") != type) kept.push_back(each);
  }
  status["conditions"] = std::move(kept);
}

/// In the place of the former one of its type, which stays when it says the same for the same
/// reason.
void put(json& status, json fresh) {
  const std::string type = fields::text(fresh, "type");
  if (const json* former = find(status, type.c_str())) {
    const bool same_status = fields::at(*former, "status") == fresh["status"];
    if (same_status && fields::at(*former, "reason") == fresh["reason"]) return;
    if (same_status) fresh["lastTransitionTime"] = fields::at(*former, "lastTransitionTime");
  }
  drop(status, type.c_str());
  status["conditions"].push_back(std::move(fresh));
}

std::int64_t count(const json& status, const char* field) {
  return fields::number(status, field).value_or(0);
}

json counted(const json& deployment, const DeploymentSets& sets) {
  const SetCount own = sets.current_count().value_or(SetCount{});
  SetCount all = own;
  for (const SetCount& old : sets.old_counts()) {
    all.wanted += old.wanted;
    all.replicas += old.replicas;
    all.ready += old.ready;
    all.available += old.available;
  }
  json status = fields::object(deployment, "status");
  const auto put_count = [&](const char* field, std::int64_t value) {
    if (value > 0) {
      status[field] = value;
    } else {
      status.erase(field);
    }
  };
  put_count("observedGeneration", count(fields::object(deployment, "metadata"), "generation"));
  put_count("replicas", all.replicas);
  put_count("updatedReplicas", own.replicas);
  put_count("readyReplicas", all.ready);
  put_count("availableReplicas", all.available);
  put_count("unavailableReplicas", all.wanted - all.available);
  return status;
}

/// The status moved towards the end of the rollout.
bool has_moved(const json& former, const json& now) {
  const auto old_pods = [](const json& status) {
    return count(status, "replicas") - count(status, "updatedReplicas");
  };
  const auto more = [&](const char* field) { return count(now, field) > count(former, field); };
  return more("updatedReplicas") || old_pods(now) < old_pods(former) || more("readyReplicas") ||
         more("availableReplicas");
}

void judge_progress(json& status,
                    const json& deployment,
                    const DeploymentSets& sets,
                    WallTime now) {
  const json& former = fields::object(deployment, "status");
  const json* current = find(status, kProgressing);
  const bool ended = current != nullptr &&
                     fields::text(*current, "reason") == "NewReplicaSetAvailable" &&
                     count(status, "replicas") == count(status, "updatedReplicas");
  if (ended) return;
  const std::string of =
      sets.current
          ? "ReplicaSet \"" + fields::text((*sets.current)["metadata"], "name") + "\""
          : "Deployment \"" + fields::text(fields::object(deployment, "metadata"), "name") + "\"";
  if (is_complete(deployment, status)) {
    put(status, condition(kProgressing, "True", "NewReplicaSetAvailable",
                          of + " has successfully progressed.", now));
  } else if (has_moved(former, status)) {
    json fresh = condition(kProgressing, "True", "ReplicaSetUpdated", of + " is progressing.", now);
    if (current != nullptr && fields::text(*current, "status") == "True") {
      fresh["lastTransitionTime"] = fields::at(*current, "lastTransitionTime");
    }
    drop(status, kProgressing);  // its update time is that of the last move
    status["conditions"].push_back(std::move(fresh));
  } else if (until_too_slow(deployment, status, now) == Duration(0)) {
    put(status, condition(kProgressing, "False", "ProgressDeadlineExceeded",
                          of + " has timed out progressing.", now));
  }
}

/// What keeps a set from its Pods, the current set first.
const json* replica_failure(const DeploymentSets& sets) {
  if (sets.current) {
    const json* own = find(fields::object(*sets.current, "status"), kFailure);
    if (own != nullptr) return own;
  }
  for (const json& old : sets.olds) {
    const json* failed = find(fields::object(old, "status"), kFailure);
    if (failed != nullptr) return failed;
  }
  return nullptr;
}

}  // namespace

std::optional<Duration> progress_deadline(const json& deployment) {
  const auto seconds =
      fields::number(fields::object(deployment, "spec"), "progressDeadlineSeconds");
  if (!seconds || *seconds >= kNoDeadline) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

json made_set(const std::string& set, WallTime now) {
  return condition(kProgressing, "True", "NewReplicaSetCreated",
                   "Created new replica set \"" + set + "\"", now);
}

json found_set(const std::string& set, WallTime now) {
  return condition(kProgressing, "True", "FoundNewReplicaSet",
                   "Found new replica set \"" + set + "\"", now);
}

json set_not_made(const std::string& why, WallTime now) {
  return condition(kProgressing, "False", "ReplicaSetCreateError", why, now);
}

json pause_condition(const json& deployment, WallTime now) {
  if (!progress_deadline(deployment)) return nullptr;
  const json* current = find(fields::object(deployment, "status"), kProgressing);
  const std::string reason = current == nullptr ? "" : fields::text(*current, "reason");
  if (reason == "ProgressDeadlineExceeded") return nullptr;
  const bool paused = fields::flag(fields::object(deployment, "spec"), "paused");
  const bool said = reason == "DeploymentPaused";
  if (paused == said) return nullptr;
  return condition(kProgressing, "Unknown", paused ? "DeploymentPaused" : "DeploymentResumed",
                   paused ? "Deployment is paused" : "Deployment is resumed", now);
}

bool has_progress(const json& deployment) {
  return find(fields::object(deployment, "status"), kProgressing) != nullptr;
}

json with_progress(const json& deployment, const json& fresh) {
  json status = fields::object(deployment, "status");
  put(status, fresh);
  return status;
}

json deployment_status(const json& deployment,
                       const DeploymentSets& sets,
                       bool rolls,
                       WallTime now) {
  const RolloutLimits limits = rollout_limits(fields::object(deployment, "spec"));
  json status = counted(deployment, sets);
  const bool enough =
      count(status, "availableReplicas") >= limits.replicas - limits.max_unavailable;
  put(status, condition(kAvailable, enough ? "True" : "False",
                        enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                        enough ? "Deployment has minimum availability."
                               : "Deployment does not have minimum availability.",
                        now));
  if (!rolls) return status;
  if (progress_deadline(deployment)) {
    judge_progress(status, deployment, sets, now);
  } else {
    drop(status, kProgressing);
  }
  if (const json* failed = replica_failure(sets)) {
    put(status,
        condition(kFailure, fields::text(*failed, "status").c_str(),
                  fields::text(*failed, "reason").c_str(), fields::text(*failed, "message"), now));
  } else {
    drop(status, kFailure);
  }
  return status;
}

bool is_complete(const json& deployment, const json& status) {
  const std::int64_t wanted =
      fields::number(fields::object(deployment, "spec"), "replicas").value_or(1);
  return count(status, "updatedReplicas") == wanted && count(status, "replicas") == wanted &&
         count(status, "availableReplicas") == wanted &&
         count(status, "observedGeneration") >=
             count(fields::object(deployment, "metadata"), "generation");
}

std::optional<Duration> until_too_slow(const json& deployment, const json& status, WallTime now) {
  const auto deadline = progress_deadline(deployment);
  const json* current = find(status, kProgressing);
  if (!deadline || current == nullptr || is_complete(deployment, status)) return std::nullopt;
  const std::string reason = fields::text(*current, "reason");
  if (reason == "NewReplicaSetAvailable") return std::nullopt;  // of an earlier template
  if (reason == "ProgressDeadlineExceeded") return Duration(0);
  const auto left = fields::time(*current, "lastUpdateTime") + *deadline - now;
  return std::max(Duration(0), std::chrono::duration_cast<Duration>(left));
}

}  // namespace skerry::standalone
