#include "cloudcore/standalone/controllers/disruption_plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// "30%" of `whole`, rounded up; else the number itself.
std::int64_t scaled(const json& value, std::int64_t whole) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const std::string text = fields::text_or_number(value);
  std::int64_t percent = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || percent > 1000) break;
    percent = percent * 10 + (c - '0');
  }
  return (percent * whole + 99) / 100;
}

void set_condition(json& status, json condition, std::int64_t generation, WallTime now) {
  json since = k8s::format_time(now);
  json all = json::array();
  for (const json& each : fields::list(status, "conditions")) {
    if (fields::text(each, "type") != "DisruptionAllowed") {
      all.push_back(each);
    } else if (fields::text(each, "status") == fields::text(condition, "status")) {
      since = fields::at(each, "lastTransitionTime");
    }
  }
  condition["type"] = "DisruptionAllowed";
  condition["lastTransitionTime"] = std::move(since);
  condition["observedGeneration"] = generation;
  all.push_back(std::move(condition));
  status["conditions"] = std::move(all);
}

std::int64_t generation_of(const json& budget) {
  return fields::number(fields::object(budget, "metadata"), "generation").value_or(0);
}

const json* find_pod(const std::vector<json>& pods, const std::string& name) {
  for (const json& each : pods) {
    if (fields::text(fields::object(each, "metadata"), "name") == name) return &each;
  }
  return nullptr;
}

/// Evicted Pods whose end is not seen yet: they count as gone.
json still_disrupted(const BudgetView& view, std::optional<Duration>& look_again) {
  json out = json::object();
  const json& known = fields::object(fields::object(view.budget, "status"), "disruptedPods");
  for (const auto& [name, since] : known.items()) {
    const json* pod = find_pod(view.pods, name);
    if (pod == nullptr || (*pod)["metadata"].contains("deletionTimestamp")) continue;
    const auto left = fields::time(known, name) + kDisruptionTimeout - view.now;
    if (left <= Duration(0)) continue;
    out[name] = since;
    const auto wait = std::chrono::duration_cast<Duration>(left);
    look_again = look_again ? std::min(*look_again, wait) : wait;
  }
  return out;
}

}  // namespace

bool needs_scales(const json& budget) {
  const json& spec = fields::object(budget, "spec");
  return spec.contains("maxUnavailable") || fields::at(spec, "minAvailable").is_string();
}

BudgetGoal budget_goal(const json& budget, std::int64_t scales, std::int64_t pods) {
  const json& spec = fields::object(budget, "spec");
  BudgetGoal out;
  if (spec.contains("maxUnavailable")) {
    out.expected = scales;
    out.healthy =
        std::max<std::int64_t>(0, scales - scaled(fields::at(spec, "maxUnavailable"), scales));
  } else if (spec.contains("minAvailable")) {
    out.expected = needs_scales(budget) ? scales : pods;
    out.healthy = scaled(fields::at(spec, "minAvailable"), out.expected);
  }
  return out;
}

json budget_status(const BudgetView& view, std::optional<Duration>& look_again) {
  json status = fields::object(view.budget, "status");
  json disrupted = still_disrupted(view, look_again);
  std::int64_t healthy = 0;
  for (const json& pod : view.pods) {
    const json& metadata = fields::object(pod, "metadata");
    if (metadata.contains("deletionTimestamp")) continue;
    if (disrupted.contains(fields::text(metadata, "name"))) continue;
    if (is_ready(pod)) ++healthy;
  }
  const bool counts = view.goal.expected > 0 && healthy > view.goal.healthy;
  status["currentHealthy"] = healthy;
  status["desiredHealthy"] = view.goal.healthy;
  status["expectedPods"] = view.goal.expected;
  status["disruptionsAllowed"] = counts ? healthy - view.goal.healthy : 0;
  status["observedGeneration"] = generation_of(view.budget);
  if (disrupted.empty()) {
    status.erase("disruptedPods");
  } else {
    status["disruptedPods"] = std::move(disrupted);
  }
  set_allowed_condition(status, generation_of(view.budget), view.now);
  return status;
}

void set_allowed_condition(json& status, std::int64_t generation, WallTime now) {
  const bool allowed = fields::number(status, "disruptionsAllowed").value_or(0) > 0;
  json condition = {{"status", allowed ? "True" : "False"},
                    {"reason", allowed ? "SufficientPods" : "InsufficientPods"},
                    {"message", ""}};
  set_condition(status, std::move(condition), generation, now);
}

json failed_budget_status(const json& budget, const std::string& why, WallTime now) {
  json status = fields::object(budget, "status");
  for (const char* field : {"currentHealthy", "desiredHealthy", "expectedPods"}) {
    if (!status.contains(field)) status[field] = 0;
  }
  status["disruptionsAllowed"] = 0;
  json condition = {{"status", "False"}, {"reason", "SyncFailed"}, {"message", why}};
  set_condition(status, std::move(condition), generation_of(budget), now);
  return status;
}

}  // namespace skerry::standalone
