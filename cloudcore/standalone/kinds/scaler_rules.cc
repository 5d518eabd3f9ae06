#include "cloudcore/standalone/kinds/scaler_rules.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/path_rules.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kStabilizationSecondsMax = 3600;
constexpr std::int64_t kPeriodSecondsMax = 1800;

/// Absent: neither.
bool is_positive(const json& quantity) {
  const auto parsed = k8s::parse_quantity(fields::text_or_number(quantity));
  return parsed && parsed->milli_value() > 0;
}

void check_target(FieldChecks& checks, const json& target, const std::string& path) {
  const std::string type = fields::text(target, "type");
  if (type.empty()) checks.required(path + ".type", "must specify a metric target type");
  if (type != "Utilization" && type != "Value" && type != "AverageValue") {
    checks.invalid(path + ".type", type, "must be either Utilization, Value, or AverageValue");
  }
  for (const char* field : {"value", "averageValue"}) {
    const json& quantity = fields::at(target, field);
    if (quantity.is_null() || is_positive(quantity)) continue;
    checks.invalid(path + "." + field, quantity, "must be positive");
  }
  const auto utilization = fields::number(target, "averageUtilization");
  if (utilization && *utilization < 1) {
    checks.invalid(path + ".averageUtilization", *utilization, "must be greater than 0");
  }
}

void check_metric_name(FieldChecks& checks, const json& source, const std::string& path) {
  const std::string name = fields::text(fields::object(source, "metric"), "name");
  if (name.empty()) {
    checks.required(path + ".metric.name", "must specify a metric name");
  } else {
    checks.rule(path + ".metric.name", name, path_segment(name));
  }
}

/// resource and containerResource.
void check_resource(FieldChecks& checks, const json& source, const std::string& path) {
  if (fields::text(source, "name").empty()) {
    checks.required(path + ".name", "must specify a resource name");
  }
  const json& target = fields::object(source, "target");
  check_target(checks, target, path + ".target");
  const bool utilization = target.contains("averageUtilization");
  const bool value = target.contains("averageValue");
  if (!utilization && !value) {
    checks.required(path + ".target.averageUtilization",
                    "must set either a target raw value or a target utilization");
  }
  if (utilization && value) {
    checks.forbidden(path + ".target.averageValue",
                     "may not set both a target raw value and a target utilization");
  }
}

void check_container_resource(FieldChecks& checks, const json& source, const std::string& path) {
  if (fields::text(source, "container").empty()) {
    checks.required(path + ".container", "must specify a container");
  }
  check_resource(checks, source, path);
}

void check_pods(FieldChecks& checks, const json& source, const std::string& path) {
  check_metric_name(checks, source, path);
  const json& target = fields::object(source, "target");
  check_target(checks, target, path + ".target");
  if (!is_positive(fields::at(target, "averageValue"))) {
    checks.required(path + ".target.averageValue", "must specify a positive target averageValue");
  }
}

void check_object(FieldChecks& checks, const json& source, const std::string& path) {
  const json& described = fields::object(source, "describedObject");
  check_path_segment(checks, path + ".describedObject.kind", fields::text(described, "kind"));
  check_path_segment(checks, path + ".describedObject.name", fields::text(described, "name"));
  const json& target = fields::object(source, "target");
  check_metric_name(checks, source, path);
  check_target(checks, target, path + ".target");
  if (!target.contains("value") && !target.contains("averageValue")) {
    checks.required(path + ".target.averageValue",
                    "must set either a target value or averageValue");
  }
}

void check_external(FieldChecks& checks, const json& source, const std::string& path) {
  const json& target = fields::object(source, "target");
  check_metric_name(checks, source, path);
  check_target(checks, target, path + ".target");
  const bool value = target.contains("value");
  const bool average = target.contains("averageValue");
  if (!value && !average) {
    checks.required(path + ".target.averageValue",
                    "must set either a target value for metric or a per-pod target");
  }
  if (value && average) {
    checks.forbidden(path + ".target.value",
                     "may not set both a target value for metric and a per-pod target");
  }
}

struct SourceRow {
  const char* type;
  const char* member;
  void (*check)(FieldChecks& checks, const json& source, const std::string& path);
};
/// In the order in which the API looks at them.
constexpr SourceRow kSources[] = {
    {"Object", "object", check_object},
    {"External", "external", check_external},
    {"Pods", "pods", check_pods},
    {"Resource", "resource", check_resource},
    {"ContainerResource", "containerResource", check_container_resource},
};

void check_metric(FieldChecks& checks, const json& metric, const std::string& path) {
  const std::vector<std::string> types = {"ContainerResource", "External", "Object", "Pods",
                                          "Resource"};
  const std::string type = fields::text(metric, "type");
  if (type.empty()) checks.required(path + ".type", "must specify a metric source type");
  const SourceRow* wanted = nullptr;
  for (const SourceRow& row : kSources) {
    if (type == row.type) wanted = &row;
  }
  if (wanted == nullptr) checks.not_supported(path + ".type", type, types);
  std::vector<const SourceRow*> present;
  for (const SourceRow& row : kSources) {
    if (!metric.contains(row.member)) continue;
    present.push_back(&row);
    const std::string at = path + "." + row.member;
    if (present.size() == 1) row.check(checks, fields::object(metric, row.member), at);
  }
  if (wanted == nullptr) {
    checks.not_supported(path + ".type", type, types);
  } else if (!metric.contains(wanted->member)) {
    checks.required(path + "." + wanted->member,
                    "must populate information for the given metric source");
  }
  if (present.size() == 1) return;
  for (const SourceRow* row : present) {
    if (row == wanted) continue;
    checks.forbidden(path + "." + row->member, "must populate the given metric source only");
  }
}

void check_policy(FieldChecks& checks, const json& policy, const std::string& path) {
  const std::string type = fields::text(policy, "type");
  if (type != "Pods" && type != "Percent") {
    checks.not_supported(path + ".type", type, {"Percent", "Pods"});
  }
  const auto value = fields::number(policy, "value").value_or(0);
  if (value <= 0) checks.invalid(path + ".value", value, "must be greater than zero");
  const auto period = fields::number(policy, "periodSeconds").value_or(0);
  if (period <= 0) checks.invalid(path + ".periodSeconds", period, "must be greater than zero");
  if (period > kPeriodSecondsMax) {
    checks.invalid(path + ".periodSeconds", period, "must be less than or equal to 1800");
  }
}

void check_scaling_rules(FieldChecks& checks, const json& rules, const std::string& path) {
  if (!rules.is_object()) return;
  const auto window = fields::number(rules, "stabilizationWindowSeconds");
  const std::string window_path = path + ".stabilizationWindowSeconds";
  if (window && *window < 0) {
    checks.invalid(window_path, *window, "must be greater than or equal to zero");
  }
  if (window && *window > kStabilizationSecondsMax) {
    checks.invalid(window_path, *window, "must be less than or equal to 3600");
  }
  const json& select = fields::at(rules, "selectPolicy");
  if (select.is_string() && select != "Max" && select != "Min" && select != "Disabled") {
    checks.not_supported(path + ".selectPolicy", select, {"Disabled", "Max", "Min"});
  }
  const json& policies = fields::list(rules, "policies");
  if (policies.empty()) {
    checks.required(path + ".policies", "must specify at least one Policy");
  }
  for (std::size_t i = 0; i < policies.size(); ++i) {
    check_policy(checks, policies[i], at_index(path + ".policies", i));
  }
}

void check_scale_target(FieldChecks& checks, const json& target) {
  const std::string path = "spec.scaleTargetRef";
  check_path_segment(checks, path + ".kind", fields::text(target, "kind"));
  check_path_segment(checks, path + ".name", fields::text(target, "name"));
  const std::string version = fields::text(target, "apiVersion");
  const std::size_t slash = version.find('/');
  if (slash != std::string::npos && version.find('/', slash + 1) != std::string::npos) {
    checks.invalid(path + ".apiVersion", version, "unexpected GroupVersion string: " + version);
  } else if (slash == std::string::npos || slash == 0) {
    const bool controller =
        version == "v1" && fields::text(target, "kind") == "ReplicationController";
    if (!controller) {
      checks.invalid(path + ".apiVersion", version, "apiVersion must specify API group");
    }
  }
}

}  // namespace

FieldErrors validate_scaler(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const auto min = fields::number(spec, "minReplicas");
  const auto max = fields::number(spec, "maxReplicas").value_or(0);
  if (min && *min < 1) {
    checks.invalid("spec.minReplicas", *min, "must be greater than or equal to 1");
  }
  if (max < 1) checks.invalid("spec.maxReplicas", max, "must be greater than 0");
  if (min && max < *min) {
    checks.invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`");
  }
  check_scale_target(checks, fields::object(spec, "scaleTargetRef"));
  const json& metrics = fields::list(spec, "metrics");
  bool from_outside = false;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    check_metric(checks, metrics[i], at_index("spec.metrics", i));
    const std::string type = fields::text(metrics[i], "type");
    from_outside = from_outside || type == "Object" || type == "External";
  }
  if (min == 0 && !from_outside) {
    checks.forbidden("spec.metrics",
                     "must specify at least one Object or External metric to support scaling to "
                     "zero replicas");
  }
  const json& behavior = fields::object(spec, "behavior");
  check_scaling_rules(checks, fields::at(behavior, "scaleUp"), "spec.behavior.scaleUp");
  check_scaling_rules(checks, fields::at(behavior, "scaleDown"), "spec.behavior.scaleDown");
  return checks.take();
}

}  // namespace skerry::standalone
