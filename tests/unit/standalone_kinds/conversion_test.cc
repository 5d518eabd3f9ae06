#include "cloudcore/standalone/kinds/conversion.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

const KindRow& row(const char* group, const char* version, const char* kind) {
  static const auto kinds = built_in_kinds();
  const KindRow* const found = kinds->find({group, version}, kind);
  REQUIRE(found != nullptr);
  return *found;
}

TEST_CASE("Conversion: an autoscaler of version 1 keeps its metrics through a round trip",
          "[standalone]") {
  const KindRow& v1 = row("autoscaling", "v1", "HorizontalPodAutoscaler");
  const json stored = json::parse(R"({
    "apiVersion": "autoscaling/v2", "metadata": {"name": "x", "annotations": {"a": "b"}},
    "spec": {"maxReplicas": 5, "metrics": [
      {"type": "Pods", "pods": {"metric": {"name": "qps", "selector": {"matchLabels": {"a": "b"}}},
        "target": {"type": "AverageValue", "averageValue": "10"}}},
      {"type": "Object", "object": {"metric": {"name": "hits"},
        "describedObject": {"kind": "Service", "name": "s"},
        "target": {"type": "Value", "value": "2k"}}},
      {"type": "Resource", "resource": {"name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 60}}}],
      "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60, "policies": [
        {"type": "Pods", "value": 1, "periodSeconds": 30}]}}}})");
  json object = stored;
  to_served_version(v1, object);
  CHECK(object["apiVersion"] == "autoscaling/v1");
  CHECK(object["spec"] == json({{"maxReplicas", 5}, {"targetCPUUtilizationPercentage", 60}}));
  const json& notes = object["metadata"]["annotations"];
  CHECK(notes["autoscaling.alpha.kubernetes.io/metrics"] ==
        R"([{"type":"Pods","pods":{"metricName":"qps","targetAverageValue":"10",)"
        R"("selector":{"matchLabels":{"a":"b"}}}},{"type":"Object","object":)"
        R"({"target":{"kind":"Service","name":"s"},"metricName":"hits","targetValue":"2k"}}])");
  CHECK(notes["autoscaling.alpha.kubernetes.io/behavior"] ==
        R"({"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":60,"SelectPolicy":null,)"
        R"("Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":30}],"Tolerance":null}})");
  object.erase("status");
  to_stored_version(v1, object);
  CHECK(object == stored);
}

TEST_CASE("Conversion: an annotation that is no JSON is dropped", "[standalone]") {
  const KindRow& v1 = row("autoscaling", "v1", "HorizontalPodAutoscaler");
  json object = json::parse(R"({"metadata": {"name": "x", "annotations":
    {"autoscaling.alpha.kubernetes.io/metrics": "[{", "k": "v"}}, "spec": {}})");
  to_stored_version(v1, object);
  CHECK(object["metadata"]["annotations"] == json({{"k", "v"}}));
  CHECK_FALSE(object["spec"].contains("metrics"));
}

TEST_CASE("Conversion: an event has other names in its own group", "[standalone]") {
  const KindRow& events = row("events.k8s.io", "v1", "Event");
  json object = {{"apiVersion", "events.k8s.io/v1"},
                 {"note", "text"},
                 {"regarding", {{"kind", "Pod"}}},
                 {"reportingController", "c"},
                 {"deprecatedCount", 2}};
  const json served = object;
  to_stored_version(events, object);
  CHECK(object == json({{"apiVersion", "v1"},
                        {"message", "text"},
                        {"involvedObject", {{"kind", "Pod"}}},
                        {"reportingComponent", "c"},
                        {"count", 2}}));
  to_served_version(events, object);
  CHECK(object == served);
  CHECK(stored_field(events, "regarding.kind") == "involvedObject.kind");
  CHECK(stored_field(row("", "v1", "Event"), "regarding.kind") == "regarding.kind");
}

TEST_CASE("Conversion: most kinds have one version", "[standalone]") {
  CHECK_FALSE(is_converted(row("", "v1", "Event")));
  CHECK_FALSE(is_converted(row("apps", "v1", "Deployment")));
  CHECK(is_converted(row("autoscaling", "v1", "HorizontalPodAutoscaler")));
}

}  // namespace
}  // namespace skerry::standalone
