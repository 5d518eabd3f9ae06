// What a Deployment's ReplicaSets should become: which is new, how many replicas each gets next,
// what the status says. Pure. Source: pkg/controller/deployment (rolling, recreate, sync), as
// behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

/// A ReplicaSet's numbers as the plan sees them.
struct SetCount {
  std::string name;
  std::int64_t wanted = 0;    // spec.replicas
  std::int64_t replicas = 0;  // status
  std::int64_t ready = 0;
  std::int64_t available = 0;
};

struct RolloutLimits {
  bool recreate = false;
  std::int64_t replicas = 1;
  std::int64_t max_surge = 1;  // resolved to a number of pods
  std::int64_t max_unavailable = 0;
};
/// Of the spec, percentages resolved as the API does (surge up, unavailable down, not both 0).
RolloutLimits rollout_limits(const nlohmann::json& spec);

struct Resize {
  std::string name;
  std::int64_t replicas = 0;
};
/// `olds`: oldest first. Empty: nothing to do until something changes.
std::vector<Resize> plan_rollout(const RolloutLimits& limits,
                                 const SetCount& current,
                                 const std::vector<SetCount>& olds);

/// Whether two templates are the same but for the hash that the controller adds.
bool same_template(const nlohmann::json& a, const nlohmann::json& b);
/// "pod-template-hash" of a template, in letters that spell nothing.
std::string template_hash(const nlohmann::json& pod_template, std::int64_t collisions);

/// deployment.kubernetes.io/revision of an object; 0: none.
std::int64_t revision_of_set(const nlohmann::json& set);

/// The status from what the sets say; conditions keep their times where they do not change.
nlohmann::json deployment_status(const nlohmann::json& deployment,
                                 const std::optional<SetCount>& current,
                                 const std::vector<SetCount>& olds,
                                 WallTime now);

}  // namespace skerry::standalone
