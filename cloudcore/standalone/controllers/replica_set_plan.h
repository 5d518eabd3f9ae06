// What a ReplicaSet's Pods say, and what should become of them. Pure.
// Source: pkg/controller/replicaset (replica_set.go, replica_set_utils.go), as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/pods.h"

namespace skerry::standalone {

inline constexpr std::size_t kReplicaBurstMax = 500;  // Pods made or removed in one look

struct ReplicaPlan {
  std::size_t create = 0;
  std::vector<nlohmann::json> remove;
};
/// `pods`: all of the set; `on_nodes`: active Pods of it and of its Deployment's other sets.
ReplicaPlan plan_replicas(const nlohmann::json& set,
                          std::vector<nlohmann::json> pods,
                          const PodsOnNodes& on_nodes,
                          WallTime now);

/// Why Pods could not be made or removed; empty: they could.
struct ReplicaFailure {
  std::string reason;  // FailedCreate, FailedDelete
  std::string message;
};
struct ReplicaStatus {
  nlohmann::json status;
  std::optional<Duration> again;  // when the next Pod becomes available
};
ReplicaStatus replica_status(const nlohmann::json& set,
                             const std::vector<nlohmann::json>& pods,
                             const ReplicaFailure& failure,
                             WallTime now);

}  // namespace skerry::standalone
