// What a Deployment's ReplicaSets should become: how many replicas each gets next. Pure.
// Source: pkg/controller/deployment (rolling, recreate, sync), as behaviour.
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
  /// How many the Deployment had at most when the set was sized last; 0: not known.
  std::int64_t sized_for = 0;
};

struct RolloutLimits {
  bool recreate = false;
  std::int64_t replicas = 1;
  std::int64_t max_surge = 1;  // resolved to a number of pods
  std::int64_t max_unavailable = 0;
};
/// Of the spec, percentages resolved as the API does (surge up, unavailable down, not both 0).
RolloutLimits rollout_limits(const nlohmann::json& spec);
/// An int or a percentage of `total`, rounded up or down; `otherwise` where there is none.
std::int64_t int_or_percent(const nlohmann::json& value,
                            std::int64_t total,
                            bool up,
                            const char* otherwise);

struct Resize {
  std::string name;
  std::int64_t replicas = 0;
};
/// `olds`: oldest first. `old_pods`: some Pods of old sets have not ended, which Recreate waits
/// for. Empty: nothing to do until something changes.
std::vector<Resize> plan_rollout(const RolloutLimits& limits,
                                 const SetCount& current,
                                 const std::vector<SetCount>& olds,
                                 bool old_pods);

/// The Deployment's size changed, or it is paused: every set in proportion, no rollout. `current`:
/// there may be none yet.
std::vector<Resize> plan_scale(const RolloutLimits& limits,
                               const std::optional<SetCount>& current,
                               const std::vector<SetCount>& olds);

}  // namespace skerry::standalone
