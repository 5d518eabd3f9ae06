// How many Pods of a PodDisruptionBudget may be missing now. Pure.
// Source: pkg/controller/disruption, as behaviour.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr Duration kDisruptionTimeout = std::chrono::minutes(2);

/// How many Pods the budget counts on, and how many it needs healthy.
struct BudgetGoal {
  std::int64_t expected = 0;
  std::int64_t healthy = 0;
};
/// Whether the goal depends on what the Pods' controllers want, not on the Pods that are there.
bool needs_scales(const nlohmann::json& budget);
/// `scales`: the replicas of all controllers of the budget's Pods together; `pods`: their number.
BudgetGoal budget_goal(const nlohmann::json& budget, std::int64_t scales, std::int64_t pods);

struct BudgetView {
  const nlohmann::json& budget;
  const std::vector<nlohmann::json>& pods;  // that it selects
  BudgetGoal goal;
  WallTime now;
};
/// The new status; `look_again`: when an entry of disruptedPods is given up.
nlohmann::json budget_status(const BudgetView& view, std::optional<Duration>& look_again);
/// When it cannot be computed: nothing may be disrupted.
nlohmann::json failed_budget_status(const nlohmann::json& budget,
                                    const std::string& why,
                                    WallTime now);

/// Sets DisruptionAllowed by status.disruptionsAllowed.
void set_allowed_condition(nlohmann::json& status, std::int64_t generation, WallTime now);

}  // namespace skerry::standalone
