// What is valid for the kinds of apps. Pure. Internal to kinds. Source: pkg/apis/apps/validation.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

FieldErrors validate_deployment(const nlohmann::json& object);
FieldErrors validate_replica_set(const nlohmann::json& object);
FieldErrors validate_daemon_set(const nlohmann::json& object);
FieldErrors validate_stateful_set(const nlohmann::json& object);
FieldErrors validate_controller_revision(const nlohmann::json& object);

/// spec.selector stays what it is: Deployment, ReplicaSet, DaemonSet.
FieldErrors validate_same_selector(const nlohmann::json& object, const nlohmann::json& old);
FieldErrors validate_stateful_set_update(const nlohmann::json& object, const nlohmann::json& old);
FieldErrors validate_controller_revision_update(const nlohmann::json& object,
                                                const nlohmann::json& old);

}  // namespace skerry::standalone
