// What a Pod is given when it is created: its account with a token, its priority, how long it stays
// on absent nodes. Pure but for the volume's random name; what is stored comes in as JSON.
//
// Thread: any. Errors: why the Pod is forbidden, in Kubernetes' words.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/seam/world.h"

namespace skerry::standalone {

/// Nothing: fine; else what follows "pods "x" is forbidden: ".
using Refusal = std::optional<std::string>;

/// spec.serviceAccountName, or "default".
std::string account_of(const nlohmann::json& pod);

/// Names the account, mounts its token, takes over its imagePullSecrets. `account` is the stored
/// ServiceAccount.
void give_account(nlohmann::json& pod, const nlohmann::json& account, seam::Random& random);

/// `chosen` is the PriorityClass that the Pod names or the global default; null: there is none.
Refusal give_priority(nlohmann::json& pod, const nlohmann::json& chosen);

/// Tolerations of nodes that are not ready or cannot be reached, where the Pod has none.
void give_tolerations(nlohmann::json& pod, std::int64_t seconds);

}  // namespace skerry::standalone
