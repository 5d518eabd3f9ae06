// PodDisruptionBudget and HorizontalPodAutoscaler.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/int_or_percent.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/scaler_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using enum DefaultRow::When;

void default_budget(json& object) {
  static const DefaultTable table = {{"spec", "{}"}};
  table.apply(object);
}

void create_budget(json& object) {
  object["status"] = {
      {"disruptionsAllowed", 0}, {"currentHealthy", 0}, {"desiredHealthy", 0}, {"expectedPods", 0}};
}

/// The API shows its own struct.
FieldError both_set(const json& spec) {
  FieldError out{FieldError::Kind::kInvalid,
                 "spec",
                 "minAvailable and maxUnavailable cannot be both set",
                 nullptr,
                 {}};
  out.shown =
      "{\"MinAvailable\":" + fields::at(spec, "minAvailable").dump() +
      ",\"Selector\":" + fields::at(spec, "selector").dump() +
      ",\"MaxUnavailable\":" + fields::at(spec, "maxUnavailable").dump() +
      ",\"UnhealthyPodEvictionPolicy\":" + fields::at(spec, "unhealthyPodEvictionPolicy").dump() +
      "}";
  return out;
}

FieldErrors validate_budget(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  if (spec.contains("minAvailable") && spec.contains("maxUnavailable")) {
    checks.add({both_set(spec)});
  }
  for (const char* field : {"minAvailable", "maxUnavailable"}) {
    const json& value = fields::at(spec, field);
    check_int_or_percent(checks, std::string("spec.") + field, value);
    check_at_most_whole(checks, std::string("spec.") + field, value);
  }
  const json& selector = fields::at(spec, "selector");
  if (selector.is_object()) checks.label_selector("spec.selector", selector);
  const json& policy = fields::at(spec, "unhealthyPodEvictionPolicy");
  if (policy.is_string()) {
    checks.one_of("spec.unhealthyPodEvictionPolicy", policy.get<std::string>(),
                  {"AlwaysAllow", "IfHealthyBudget"});
  }
  return checks.take();
}

// ---- HorizontalPodAutoscaler --------------------------------------------------------------------

/// Each side of the behaviour that is not given is the usual one, once one of them is.
void default_behavior(json& behavior) {
  static const json up = json::parse(R"({"stabilizationWindowSeconds": 0, "selectPolicy": "Max",
      "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15},
                   {"type": "Percent", "value": 100, "periodSeconds": 15}]})");
  static const json down = json::parse(R"({"selectPolicy": "Max",
      "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]})");
  for (const auto& [side, usual] : {std::pair("scaleUp", &up), std::pair("scaleDown", &down)}) {
    json& rules = behavior[side];
    if (!rules.is_object()) rules = json::object();
    for (const auto& [key, value] : usual->items()) {
      if (!rules.contains(key)) rules[key] = value;
    }
  }
}

void default_scaler(json& object) {
  static const DefaultTable table = {{"spec.minReplicas", "1", kAbsent}};
  json& spec = object["spec"];
  if (!spec.is_object()) spec = json::object();
  if (fields::list(spec, "metrics").empty()) {
    spec["metrics"] = json::parse(R"([{"type": "Resource", "resource": {"name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 80}}}])");
  }
  if (fields::at(spec, "behavior").is_object()) default_behavior(spec["behavior"]);
  table.apply(object);
}

void create_scaler(json& object) {
  object["status"] = {{"desiredReplicas", 0}, {"currentMetrics", nullptr}};
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(2);
  KindBehaviour& budgets = rows[0];
  budgets.storage_prefix = "poddisruptionbudgets.policy";
  budgets.generation = true;
  budgets.set_defaults = default_budget;
  budgets.prepare_create = create_budget;
  budgets.validate = validate_budget;
  KindBehaviour& scalers = rows[1];
  scalers.storage_prefix = "horizontalpodautoscalers.autoscaling";
  scalers.set_defaults = default_scaler;
  scalers.prepare_create = create_scaler;
  scalers.validate = validate_scaler;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> scaling_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone
