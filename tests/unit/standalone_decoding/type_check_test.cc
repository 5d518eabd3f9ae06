#include "cloudcore/standalone/decoding/type_check.h"

#include "cloudcore/standalone/schema/kind_table.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

const TypeSchema& deployment() {
  return *built_in_kinds()->find({"apps", "v1"}, "Deployment")->type;
}

/// A Deployment's text with pieces put into its spec, the pod's spec and the container.
std::string text_with(const std::string& spec,
                      const std::string& pod = {},
                      const std::string& container = {}) {
  return R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d"},"spec":{)" + spec +
         R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{)" + pod +
         R"("containers":[{"name":"c","image":"i")" + container + "}]}}}}";
}

TypeProblems problems(const std::string& text) {
  json value = json::parse(text);
  fit_value(value, deployment(), Mismatches::kRefused);
  return problems_of_text(text, deployment(), Mismatches::kRefused);
}

TEST_CASE("Types: a value of a wrong type is told as kube-apiserver tells it",
          "[standalone_decoding]") {
  struct Row {
    std::string spec, pod, container;
    std::string problem;
  };
  const std::string into = "json: cannot unmarshal ";
  const Row rows[] = {
      {R"("replicas":"abc",)", "", "",
       into + "string into Go struct field DeploymentSpec.spec.replicas of type int32"},
      {R"("replicas":1.5,)", "", "",
       into + "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"},
      {R"("replicas":99999999999,)", "", "",
       into + "number 99999999999 into Go struct field DeploymentSpec.spec.replicas of type int32"},
      {R"("strategy":[],)", "", "",
       into + "array into Go struct field DeploymentSpec.spec.strategy of type "
              "v1.DeploymentStrategy"},
      {"", R"("nodeSelector":{"a":true},)", "",
       into + "bool into Go struct field PodSpec.spec.template.spec.nodeSelector of type string"},
      {"", R"("tolerations":[5],)", "",
       into + "number into Go struct field PodSpec.spec.template.spec.tolerations of type "
              "v1.Toleration"},
      {"", R"("volumes":[{"name":"v","emptyDir":"x"}],)", "",
       into + "string into Go struct field Volume.spec.template.spec.volumes.emptyDir of type "
              "v1.EmptyDirVolumeSource"},
      {"", "", R"(,"env":[{"name":"x","value":1}])",
       into + "number into Go struct field EnvVar.spec.template.spec.containers.env.value of type "
              "string"},
      {"", "", R"(,"env":{"name":"x"})",
       into + "object into Go struct field Container.spec.template.spec.containers.env of type "
              "[]v1.EnvVar"},
      {"", "", R"(,"livenessProbe":{"httpGet":{"port":true}})",
       into + "bool into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe."
              "httpGet.port of type int32"},
      {"", "", R"(,"resources":{"limits":{"cpu":"x1"}})",
       "quantities must match the regular expression "
       "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
      {R"("foo":1,"replicas":true,)", "", R"(,"image":5)",  // the first one
       into + "bool into Go struct field DeploymentSpec.spec.replicas of type int32"},
  };
  for (const Row& row : rows) {
    INFO(row.problem);
    CHECK(problems(text_with(row.spec, row.pod, row.container)).mismatch == row.problem);
  }
}

TEST_CASE("Types: unknown and duplicate fields are told in the order of the text",
          "[standalone_decoding]") {
  const TypeProblems found = problems(text_with(
      R"("foo":1,"replicas":1,"replicas":2,)", R"("nodeSelector":{"a":"b","a":"c"},"bar":{"x":1},)",
      R"(,"env":[{"name":"x","x":1},{"name":"a","valueFrm":{}}],"image":"j")"));
  CHECK(found.mismatch.empty());
  CHECK(found.strict == std::vector<std::string>{
                            "unknown field \"spec.foo\"",
                            "duplicate field \"spec.replicas\"",
                            "duplicate field \"spec.template.spec.nodeSelector.a\"",
                            "unknown field \"spec.template.spec.bar\"",
                            "unknown field \"spec.template.spec.containers[0].env[0].x\"",
                            "unknown field \"spec.template.spec.containers[0].env[1].valueFrm\"",
                            "duplicate field \"spec.template.spec.containers[0].image\"",
                        });
}

TEST_CASE("Types: what fits is left, and written as Kubernetes writes it",
          "[standalone_decoding]") {
  json value = json::parse(text_with(
      R"("paused":null,"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},)",
      R"("tolerations":[null],"nodeSelector":{"a":null},)",
      R"(,"resources":{"limits":{"cpu":"0.5","memory":"1024Ki"},"requests":{"cpu":0.1}})"));
  CHECK(fit_value(value, deployment(), Mismatches::kRefused));
  CHECK_FALSE(value["spec"].contains("paused"));
  const json& pod = value["spec"]["template"]["spec"];
  CHECK(pod["tolerations"] == json::parse("[{}]"));
  CHECK(pod["nodeSelector"] == json::parse(R"({"a":""})"));
  CHECK(pod["containers"][0]["resources"] ==
        json::parse(R"({"limits":{"cpu":"500m","memory":"1Mi"},"requests":{"cpu":"100m"}})"));
}

TEST_CASE("Types: what holds nothing goes where Kubernetes does not write it",
          "[standalone_decoding]") {
  json value = json::parse(text_with(R"("paused":false,"replicas":0,"minReadySeconds":0,)",
                                     R"("volumes":[],"nodeSelector":{},"hostNetwork":false,)",
                                     R"(,"env":[{"name":"x","value":""}],"resources":{})"));
  CHECK(fit_value(value, deployment(), Mismatches::kRefused));
  CHECK(value["spec"]["replicas"] == 0);  // a pointer: 0 is a choice
  CHECK_FALSE(value["spec"].contains("paused"));
  CHECK_FALSE(value["spec"].contains("minReadySeconds"));
  const json& pod = value["spec"]["template"]["spec"];
  CHECK(pod == json::parse(R"({"containers":[{"name":"c","image":"i","env":[{"name":"x"}],
                                              "resources":{}}]})"));
}

TEST_CASE("Types: unknown fields go, and wrong values of custom kinds stay",
          "[standalone_decoding]") {
  json value = json::parse(text_with(R"("foo":{"a":1},"replicas":"x",)"));
  CHECK_FALSE(fit_value(value, deployment(), Mismatches::kKept));
  CHECK_FALSE(value["spec"].contains("foo"));
  CHECK(value["spec"]["replicas"] == "x");
  const std::string text = text_with(R"("foo":1,"replicas":"x",)");
  const TypeProblems found = problems_of_text(text, deployment(), Mismatches::kKept);
  CHECK(found.mismatch.empty());
  CHECK(found.strict == std::vector<std::string>{"unknown field \"spec.foo\""});
  const TypeProblems same = problems_of_value(json::parse(text), deployment(), Mismatches::kKept);
  CHECK(same.strict == found.strict);
}

TEST_CASE("Types: times and bytes", "[standalone_decoding]") {
  const TypeSchema& secret = *built_in_kinds()->find({"", "v1"}, "Secret")->type;
  const auto problem = [&](const std::string& text) {
    return problems_of_text(text, secret, Mismatches::kRefused).mismatch;
  };
  CHECK(problem(R"({"data":{"a":"aGk="},"metadata":{"creationTimestamp":null}})").empty());
  CHECK(problem(R"({"data":{"a":"%%"}})") == "illegal base64 data at input byte 0");
  CHECK(problem(R"({"data":{"a":"y"}})") == "illegal base64 data at input byte 0");
  CHECK(problem(R"({"data":{"a":true}})") ==
        "json: cannot unmarshal bool into Go struct field Secret.data of type []uint8");
  CHECK(
      problem(R"({"metadata":{"creationTimestamp":"yesterday"}})") ==
      "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as "
      "\"2006\"");
  CHECK(problem(R"({"metadata":{"creationTimestamp":5}})") ==
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp "
        "of type string");
}

}  // namespace
}  // namespace skerry::standalone
