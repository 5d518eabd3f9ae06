// What a Deployment's status says of its ReplicaSets: counts, and the conditions Available,
// Progressing and ReplicaFailure with Kubernetes' reasons and words. Pure.
// Source: pkg/controller/deployment (progress.go, sync.go), as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cloudcore/standalone/controllers/deployment_sets.h"

namespace skerry::standalone {

/// spec.progressDeadlineSeconds; nothing: no deadline, no condition Progressing.
std::optional<Duration> progress_deadline(const nlohmann::json& deployment);

/// The former status with one Progressing condition more: of a set that was made or found, or of
/// a Deployment that was paused or goes on.
nlohmann::json with_progress(const nlohmann::json& deployment, const nlohmann::json& condition);
nlohmann::json made_set(const std::string& set, WallTime now);
nlohmann::json found_set(const std::string& set, WallTime now);
nlohmann::json set_not_made(const std::string& why, WallTime now);
/// Of a Deployment whose spec.paused differs from what its status says; null: it does not.
nlohmann::json pause_condition(const nlohmann::json& deployment, WallTime now);
bool has_progress(const nlohmann::json& deployment);

/// The status from what the sets say. `rolls`: a rollout is judged (not while it is paused or only
/// scaled): completed, progressing, or too slow.
nlohmann::json deployment_status(const nlohmann::json& deployment,
                                 const DeploymentSets& sets,
                                 bool rolls,
                                 WallTime now);

/// Whether all Pods are of the template and available.
bool is_complete(const nlohmann::json& deployment, const nlohmann::json& status);
/// How long until a rollout that does not move is too slow; nothing: it is not waited for.
std::optional<Duration> until_too_slow(const nlohmann::json& deployment,
                                       const nlohmann::json& status,
                                       WallTime now);

}  // namespace skerry::standalone
