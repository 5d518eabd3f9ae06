#include "cloudcore/standalone/controllers/pod_autoscaler_plan.h"

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kNoMetrics =
    "unable to get metrics for resource %: unable to fetch metrics from resource metrics API: the "
    "server could not find the requested resource (get pods.metrics.k8s.io)";

struct Condition {
  const char* type;
  bool holds;
  std::string reason;
  std::string message;
};

/// In the place of the former one; its time changes with its status.
void put(json& status, const Condition& fresh, WallTime now) {
  json& conditions = status["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  const json holds = fresh.holds ? "True" : "False";
  for (json& each : conditions) {
    if (fields::text(each, "type") != fresh.type) continue;
    if (fields::at(each, "status") != holds) each["lastTransitionTime"] = k8s::format_time(now);
    each["status"] = holds;
    each["reason"] = fresh.reason;
    each["message"] = fresh.message;
    return;
  }
  conditions.push_back({{"type", fresh.type},
                        {"status", holds},
                        {"reason", fresh.reason},
                        {"message", fresh.message},
                        {"lastTransitionTime", k8s::format_time(now)}});
}

std::string with_name(std::string text, const std::string& name) {
  text.replace(text.find('%'), 1, name);
  return text;
}

struct MetricFailure {
  std::string reason;
  std::string message;
  std::string what;  // "cpu resource"
};

/// Why the value of a metric is not known: there is nothing that serves metrics.
MetricFailure failure_of(const json& metric) {
  const std::string type = fields::text(metric, "type");
  if (type == "Resource" || type == "ContainerResource") {
    const bool whole = type == "Resource";
    const json& of = fields::object(metric, whole ? "resource" : "containerResource");
    const std::string name = fields::text(of, "name");
    const bool used = fields::object(of, "target").contains("averageUtilization");
    return {whole ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric",
            "failed to get " + name + (used ? " utilization: " : " usage: ") +
                with_name(kNoMetrics, name),
            name + (whole ? " resource" : " container resource")};
  }
  const std::string lower = type == "Pods" ? "pods" : type == "Object" ? "object" : "external";
  const std::string api = type == "External" ? "external" : "custom";
  const std::string name =
      fields::text(fields::object(fields::object(metric, lower), "metric"), "name");
  return {"FailedGet" + type + "Metric",
          "unable to get metric " + name + ": unable to fetch metrics from " + api +
              " metrics API: the server could not find the requested resource",
          lower};
}

void tell_no_metrics(ScalerPlan& plan, const json& metrics, WallTime now) {
  if (metrics.empty()) return;
  for (const json& metric : metrics) {
    const MetricFailure each = failure_of(metric);
    plan.events.push_back({"Warning", each.reason, each.message});
  }
  const MetricFailure first = failure_of(metrics[0]);
  put(plan.status,
      {"ScalingActive", false, first.reason,
       "the HPA was unable to compute the replica count: " + first.message},
      now);
  const std::string count = std::to_string(metrics.size());
  plan.events.push_back({"Warning", "FailedComputeMetricsReplicas",
                         "invalid metrics (" + count + " invalid out of " + count +
                             "), first error is: failed to get " + first.what +
                             " metric value: " + first.message});
  json values = json::array();
  for (std::size_t i = 0; i < metrics.size(); ++i) values.push_back({{"type", ""}});
  plan.status["currentMetrics"] = std::move(values);
}

json status_of(const json& scaler) {
  json out = fields::object(scaler, "status");
  const auto generation = fields::number(fields::object(scaler, "metadata"), "generation");
  if (generation) out["observedGeneration"] = *generation;
  return out;
}

}  // namespace

ScalerPlan plan_autoscale(const json& scaler, const json& scale, WallTime now) {
  const json& spec = fields::object(scaler, "spec");
  ScalerPlan out;
  out.status = status_of(scaler);
  put(out.status,
      {"AbleToScale", true, "SucceededGetScale",
       "the HPA controller was able to get the target's current scale"},
      now);
  const std::int64_t current =
      fields::number(fields::object(scale, "spec"), "replicas").value_or(0);
  const std::int64_t least = fields::number(spec, "minReplicas").value_or(1);
  const std::int64_t most = fields::number(spec, "maxReplicas").value_or(least);
  out.status["currentReplicas"] =
      fields::number(fields::object(scale, "status"), "replicas").value_or(0);
  if (!out.status.contains("desiredReplicas")) out.status["desiredReplicas"] = 0;
  if (current == 0 && least != 0) {
    out.status["desiredReplicas"] = 0;
    put(out.status,
        {"ScalingActive", false, "ScalingDisabled",
         "scaling is disabled since the replica count of the target is zero"},
        now);
  } else if (current > most) {
    out.replicas = most;
    out.why = "Current number of replicas above Spec.MaxReplicas";
  } else if (current < least) {
    out.replicas = least;
    out.why = "Current number of replicas below Spec.MinReplicas";
  } else if (fields::text(fields::object(scale, "status"), "selector").empty()) {
    put(out.status,
        {"ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector"},
        now);
    out.events.push_back({"Warning", "SelectorRequired", "selector is required"});
  } else {
    tell_no_metrics(out, fields::list(spec, "metrics"), now);
  }
  return out;
}

ScalerPlan scale_unread(const json& scaler, const std::string& error, WallTime now) {
  ScalerPlan out;
  out.status = status_of(scaler);
  put(out.status,
      {"AbleToScale", false, "FailedGetScale",
       "the HPA controller was unable to get the target's current scale: " + error},
      now);
  if (!out.status.contains("desiredReplicas")) out.status["desiredReplicas"] = 0;
  out.events.push_back({"Warning", "FailedGetScale", error});
  return out;
}

ScalerPlan rescaled(const ScalerPlan& plan, const std::string& error, WallTime now) {
  ScalerPlan out;
  out.status = plan.status;
  const std::string size = std::to_string(plan.replicas.value_or(0));
  if (!error.empty()) {
    put(out.status,
        {"AbleToScale", false, "FailedUpdateScale",
         "the HPA controller was unable to update the target scale: " + error},
        now);
    out.events.push_back({"Warning", "FailedRescale",
                          "New size: " + size + "; reason: " + plan.why + "; error: " + error});
    return out;
  }
  put(out.status,
      {"AbleToScale", true, "SucceededRescale",
       "the HPA controller was able to update the target scale to " + size},
      now);
  out.status["desiredReplicas"] = plan.replicas.value_or(0);
  out.status["lastScaleTime"] = k8s::format_time(now);
  out.events.push_back(
      {"Normal", "SuccessfulRescale", "New size: " + size + "; reason: " + plan.why});
  return out;
}

}  // namespace skerry::standalone
