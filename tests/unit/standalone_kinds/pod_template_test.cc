#include "cloudcore/standalone/kinds/pod_template.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

std::string problems(const char* spec) {
  json pod = {{"spec", json::parse(spec)}};
  default_pod(pod);
  std::string out;
  for (const FieldError& each : validate_pod_spec(pod["spec"], "spec")) out += each.text() + "\n";
  return out;
}

TEST_CASE("default_pod: a minimal Pod gets what Kubernetes gives it", "[standalone]") {
  json pod =
      json::parse(R"({"spec":{"containers":[{"name":"a","image":"i"}],"volumes":[{"name":"v"}]}})");
  default_pod(pod);
  const json wanted =
      json::parse(R"({"containers":[{"name":"a","image":"i","imagePullPolicy":"Always",
    "resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
    "dnsPolicy":"ClusterFirst","enableServiceLinks":true,"restartPolicy":"Always",
    "schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30,
    "volumes":[{"name":"v","emptyDir":{}}]})");
  CHECK(pod["spec"] == wanted);
}

TEST_CASE("default_pod: 0 is a choice only where the field is a pointer", "[standalone]") {
  json pod = json::parse(R"({"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"a",
    "image":"i:1","livenessProbe":{"periodSeconds":0,"exec":{"command":["x"]}}}]}})");
  default_pod(pod);
  CHECK(pod["spec"]["terminationGracePeriodSeconds"] == 0);
  CHECK(pod["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] == 10);
}

TEST_CASE("default_pod: the image's tag decides when it is pulled", "[standalone]") {
  const std::pair<const char*, const char*> rows[] = {{"nginx", "Always"},
                                                      {"nginx:latest", "Always"},
                                                      {"nginx:1", "IfNotPresent"},
                                                      {"registry:5000/nginx", "Always"},
                                                      {"registry:5000/nginx:1", "IfNotPresent"},
                                                      {"nginx@sha256:00", "IfNotPresent"}};
  for (const auto& [image, policy] : rows) {
    json spec = {{"containers", {{{"name", "a"}, {"image", image}}}}};
    default_pod_spec(spec);
    CHECK(spec["containers"][0]["imagePullPolicy"] == policy);
  }
}

TEST_CASE("default_pod: limits are requests, host ports are container ports", "[standalone]") {
  json pod = json::parse(R"({"spec":{"hostNetwork":true,"containers":[{"name":"a","image":"i",
    "ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1","memory":"1Gi"},
    "requests":{"cpu":"100m"}}}]}})");
  default_pod(pod);
  const json& container = pod["spec"]["containers"][0];
  CHECK(container["ports"][0] ==
        json({{"containerPort", 80}, {"hostPort", 80}, {"protocol", "TCP"}}));
  CHECK(container["resources"]["requests"] == json({{"cpu", "100m"}, {"memory", "1Gi"}}));
}

TEST_CASE("validate_pod_spec: says what is wrong as Kubernetes does", "[standalone]") {
  CHECK(problems(R"({"containers":[{"name":"a","image":"i"}]})").empty());
  CHECK(problems("{}") == "spec.containers: Required value\n");
  CHECK(problems(R"({"containers":[{"name":"a"}]})") ==
        "spec.containers[0].image: Required value\n");
  CHECK(problems(R"({"containers":[{"name":"a","image":"i","volumeMounts":[
      {"name":"v","mountPath":"/x"}]}]})") ==
        "spec.containers[0].volumeMounts[0].name: Not found: \"v\"\n");
  CHECK(problems(R"({"restartPolicy":"Maybe","containers":[{"name":"a","image":"i"}]})") ==
        "spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", "
        "\"OnFailure\", \"Never\"\n");
  CHECK(problems(R"({"containers":[{"name":"a","image":"i","resources":{"limits":{"cpu":"1"},
      "requests":{"cpu":"1500m"}}}]})") ==
        "spec.containers[0].resources.requests: Invalid value: \"1500m\": must be less than or "
        "equal to cpu limit of 1\n");
}

}  // namespace
}  // namespace skerry::standalone
