#include "cloudcore/standalone/kinds/scaler_conversion.h"

#include <cctype>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
namespace fields = k8s::fields;

constexpr const char* kMetrics = "autoscaling.alpha.kubernetes.io/metrics";
constexpr const char* kCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr const char* kConditions = "autoscaling.alpha.kubernetes.io/conditions";
constexpr const char* kBehavior = "autoscaling.alpha.kubernetes.io/behavior";

struct MetricField {
  const char* v2;  // a JSON pointer
  const char* v1;
};
struct MetricKind {
  const char* type;
  const char* member;
  std::vector<MetricField> target;  // in the order in which Kubernetes writes the annotation
  std::vector<MetricField> current;
};

const std::vector<MetricKind>& metric_kinds() {
  static const std::vector<MetricKind> rows = {
      {"Resource",
       "resource",
       {{"/name", "name"},
        {"/target/averageUtilization", "targetAverageUtilization"},
        {"/target/averageValue", "targetAverageValue"}},
       {{"/name", "name"},
        {"/current/averageUtilization", "currentAverageUtilization"},
        {"/current/averageValue", "currentAverageValue"}}},
      {"ContainerResource",
       "containerResource",
       {{"/name", "name"},
        {"/target/averageUtilization", "targetAverageUtilization"},
        {"/target/averageValue", "targetAverageValue"},
        {"/container", "container"}},
       {{"/name", "name"},
        {"/current/averageUtilization", "currentAverageUtilization"},
        {"/current/averageValue", "currentAverageValue"},
        {"/container", "container"}}},
      {"Pods",
       "pods",
       {{"/metric/name", "metricName"},
        {"/target/averageValue", "targetAverageValue"},
        {"/metric/selector", "selector"}},
       {{"/metric/name", "metricName"},
        {"/current/averageValue", "currentAverageValue"},
        {"/metric/selector", "selector"}}},
      {"Object",
       "object",
       {{"/describedObject", "target"},
        {"/metric/name", "metricName"},
        {"/target/value", "targetValue"},
        {"/metric/selector", "selector"},
        {"/target/averageValue", "averageValue"}},
       {{"/describedObject", "target"},
        {"/metric/name", "metricName"},
        {"/current/value", "currentValue"},
        {"/metric/selector", "selector"},
        {"/current/averageValue", "averageValue"}}},
      {"External",
       "external",
       {{"/metric/name", "metricName"},
        {"/metric/selector", "metricSelector"},
        {"/target/value", "targetValue"},
        {"/target/averageValue", "targetAverageValue"}},
       {{"/metric/name", "metricName"},
        {"/metric/selector", "metricSelector"},
        {"/current/value", "currentValue"},
        {"/current/averageValue", "currentAverageValue"}}},
  };
  return rows;
}

const MetricKind* kind_of(const json& metric) {
  const std::string type = fields::text(metric, "type");
  for (const MetricKind& each : metric_kinds()) {
    if (type == each.type) return &each;
  }
  return nullptr;
}

/// Kubernetes' own order of an object reference's fields.
ordered_json in_order(const json& value) {
  if (!value.is_object() || !value.contains("kind") || !value.contains("name")) return value;
  ordered_json out = {{"kind", value["kind"]}, {"name", value["name"]}};
  if (value.contains("apiVersion")) out["apiVersion"] = value["apiVersion"];
  return out;
}

ordered_json metric_to_v1(const json& metric, const MetricKind& kind, bool current) {
  ordered_json inner = ordered_json::object();
  const json& from = fields::object(metric, kind.member);
  for (const MetricField& field : current ? kind.current : kind.target) {
    const json::json_pointer path(field.v2);
    if (from.contains(path)) inner[field.v1] = in_order(from.at(path));
  }
  return {{"type", kind.type}, {kind.member, std::move(inner)}};
}

json metric_to_v2(const json& metric, const MetricKind& kind, bool current) {
  json inner = json::object();
  const json& from = fields::object(metric, kind.member);
  for (const MetricField& field : current ? kind.current : kind.target) {
    if (from.contains(field.v1)) inner[json::json_pointer(field.v2)] = from[field.v1];
  }
  if (!current) {
    json& target = inner["target"];
    if (!target.is_object()) target = json::object();
    target["type"] = target.contains("averageUtilization") ? "Utilization"
                     : target.contains("value")            ? "Value"
                                                           : "AverageValue";
  }
  return {{"type", kind.type}, {kind.member, std::move(inner)}};
}

bool is_cpu_target(const json& metric) {
  const json& resource = fields::object(metric, "resource");
  return fields::text(metric, "type") == "Resource" && fields::text(resource, "name") == "cpu" &&
         fields::object(resource, "target").contains("averageUtilization");
}

ordered_json metrics_to_v1(const json& metrics, bool current) {
  ordered_json out = ordered_json::array();
  for (const json& metric : metrics) {
    const MetricKind* const kind = kind_of(metric);
    const bool kept = kind != nullptr && (current || !is_cpu_target(metric));
    if (kept) out.push_back(metric_to_v1(metric, *kind, current));
  }
  return out;
}

/// The annotation's JSON, which goes; null: there was none that can be read.
json take_annotation(json& object, const char* key) {
  json& metadata = object["metadata"];
  const std::string text = fields::text(fields::object(metadata, "annotations"), key);
  if (text.empty()) return nullptr;
  metadata["annotations"].erase(key);
  if (metadata["annotations"].empty()) metadata.erase("annotations");
  json out = json::parse(text, nullptr, false);
  return out.is_discarded() ? json() : out;
}

void put_annotation(json& object, const char* key, const ordered_json& value) {
  if (value.is_null() || value.empty()) return;
  object["metadata"]["annotations"][key] =
      value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

json metrics_to_v2(const json& metrics, bool current) {
  json out = json::array();
  if (!metrics.is_array()) return out;
  for (const json& metric : metrics) {
    if (const MetricKind* const kind = kind_of(metric)) {
      out.push_back(metric_to_v2(metric, *kind, current));
    }
  }
  return out;
}

/// Keys that begin small: the annotation of the behaviour has Go's own names of fields.
json lower_keys(const json& value) {
  json out = value.is_array() ? json::array() : json::object();
  if (value.is_array()) {
    for (const json& each : value) out.push_back(lower_keys(each));
    return out;
  }
  if (!value.is_object()) return value;
  for (const auto& [key, each] : value.items()) {
    std::string name = key;
    if (!name.empty()) {
      name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
    }
    if (!each.is_null()) out[name] = lower_keys(each);
  }
  return out;
}

ordered_json scaling_rules(const json& rules) {
  if (!rules.is_object()) return nullptr;
  ordered_json policies = nullptr;
  for (const json& each : fields::list(rules, "policies")) {
    policies.push_back({{"Type", fields::at(each, "type")},
                        {"Value", fields::at(each, "value")},
                        {"PeriodSeconds", fields::at(each, "periodSeconds")}});
  }
  return {{"StabilizationWindowSeconds", fields::at(rules, "stabilizationWindowSeconds")},
          {"SelectPolicy", fields::at(rules, "selectPolicy")},
          {"Policies", policies},
          {"Tolerance", fields::at(rules, "tolerance")}};
}

ordered_json conditions_to_v1(const json& conditions) {
  ordered_json out = ordered_json::array();
  for (const json& each : conditions) {
    ordered_json one = ordered_json::object();
    for (const char* key : {"type", "status", "lastTransitionTime", "reason", "message"}) {
      if (each.contains(key)) one[key] = each[key];
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

void scaler_v1_to_v2(json& object) {
  json& spec = object["spec"];
  if (!spec.is_object()) spec = json::object();
  json metrics = metrics_to_v2(take_annotation(object, kMetrics), false);
  if (const auto cpu = fields::number(spec, "targetCPUUtilizationPercentage")) {
    metrics.push_back(
        {{"type", "Resource"},
         {"resource",
          {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", *cpu}}}}}});
  }
  spec.erase("targetCPUUtilizationPercentage");
  if (!metrics.empty()) spec["metrics"] = std::move(metrics);
  const json behavior = take_annotation(object, kBehavior);
  if (behavior.is_object()) spec["behavior"] = lower_keys(behavior);

  json current = metrics_to_v2(take_annotation(object, kCurrentMetrics), true);
  const json conditions = take_annotation(object, kConditions);
  if (!object.contains("status") || !object["status"].is_object()) return;
  json& status = object["status"];
  if (const auto cpu = fields::number(status, "currentCPUUtilizationPercentage");
      cpu && current.empty()) {
    current.push_back(
        {{"type", "Resource"},
         {"resource", {{"name", "cpu"}, {"current", {{"averageUtilization", *cpu}}}}}});
  }
  status.erase("currentCPUUtilizationPercentage");
  status["currentMetrics"] = current.empty() ? json() : std::move(current);
  if (conditions.is_array()) status["conditions"] = conditions;
}

void scaler_v2_to_v1(json& object) {
  if (!object.contains("spec")) return;  // a bookmark
  json& spec = object["spec"];
  const json metrics = fields::list(spec, "metrics");
  const json behavior = fields::at(spec, "behavior");
  spec.erase("metrics");
  spec.erase("behavior");
  put_annotation(object, kMetrics, metrics_to_v1(metrics, false));
  if (behavior.is_object()) {
    put_annotation(object, kBehavior,
                   {{"ScaleUp", scaling_rules(fields::at(behavior, "scaleUp"))},
                    {"ScaleDown", scaling_rules(fields::at(behavior, "scaleDown"))}});
  }
  for (const json& metric : metrics) {
    if (!is_cpu_target(metric)) continue;
    spec["targetCPUUtilizationPercentage"] = metric["resource"]["target"]["averageUtilization"];
    break;
  }

  json& status = object["status"];
  if (!status.is_object()) status = json::object();
  const json current = fields::list(status, "currentMetrics");
  put_annotation(object, kCurrentMetrics, metrics_to_v1(current, true));
  put_annotation(object, kConditions, conditions_to_v1(fields::list(status, "conditions")));
  status.erase("currentMetrics");
  status.erase("conditions");
  for (const char* count : {"currentReplicas", "desiredReplicas"}) {
    if (!status.contains(count)) status[count] = 0;
  }
  for (const json& metric : current) {
    const json& resource = fields::object(metric, "resource");
    const json& used = fields::at(fields::object(resource, "current"), "averageUtilization");
    if (fields::text(resource, "name") == "cpu" && used.is_number()) {
      status["currentCPUUtilizationPercentage"] = used;
    }
  }
}

}  // namespace skerry::standalone
