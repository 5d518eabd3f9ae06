// Kinds outside the core group: what their rows do. Exact answers: tests/support/kind_manifests.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/kind_behaviour.h"
#include "cloudcore/standalone/kinds/path_rules.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json with_template(const char* more = "{}") {
  json object = json::parse(R"({"metadata": {"name": "x", "uid": "u"}, "spec": {
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"metadata": {"labels": {"a": "b"}},
                 "spec": {"containers": [{"name": "c", "image": "i"}]}}}})");
  object["spec"].update(json::parse(more));
  return object;
}

std::string texts(const FieldErrors& errors) {
  std::string out;
  for (const FieldError& error : errors) out += error.text() + "\n";
  return out;
}

TEST_CASE("Kinds: a Deployment gets its defaults, and is valid with them", "[standalone]") {
  const KindBehaviour& kind = behaviour_of("deployments.apps");
  json object = with_template();
  kind.set_defaults(object);
  kind.prepare_create(object);
  CHECK(object["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == "25%");
  CHECK(object["spec"]["replicas"] == 1);
  CHECK(texts(kind.validate(object)).empty());
  object["spec"]["strategy"] = {{"type", "Rolling"}};
  CHECK(texts(kind.validate(object)) ==
        "spec.strategy: Unsupported value: {\"Type\":\"Rolling\",\"RollingUpdate\":null}: "
        "supported values: \"Recreate\", \"RollingUpdate\"\n");
}

TEST_CASE("Kinds: a selector neither misses its template nor changes", "[standalone]") {
  const KindBehaviour& kind = behaviour_of("deployments.apps");
  json object = with_template();
  kind.set_defaults(object);
  json other = object;
  other["spec"]["selector"]["matchLabels"]["a"] = "c";
  CHECK(texts(kind.validate(other)) ==
        "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match "
        "template `labels`\n");
  CHECK(texts(kind.validate_update(other, object)) ==
        "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"c\"}}: field is immutable\n");
}

TEST_CASE("Kinds: a change of annotations is a generation of a Deployment", "[standalone]") {
  const KindBehaviour& kind = behaviour_of("deployments.apps");
  json old = with_template();
  old["metadata"]["generation"] = 4;
  json object = old;
  kind.prepare_update(object, old);
  CHECK(object["metadata"]["generation"] == 4);
  object["metadata"]["annotations"]["a"] = "b";
  kind.prepare_update(object, old);
  CHECK(object["metadata"]["generation"] == 5);
}

TEST_CASE("Kinds: a DaemonSet counts the changes of its template", "[standalone]") {
  const KindBehaviour& kind = behaviour_of("daemonsets.apps");
  json old = with_template();
  kind.set_defaults(old);
  kind.prepare_create(old);
  json object = with_template();
  kind.set_defaults(object);
  kind.prepare_update(object, old);
  const char* const key = "deprecated.daemonset.template.generation";
  CHECK(object["metadata"]["annotations"][key] == "1");
  object["spec"]["template"]["spec"]["containers"][0]["image"] = "j";
  kind.prepare_update(object, old);
  CHECK(object["metadata"]["annotations"][key] == "2");
}

TEST_CASE("Kinds: a Job finds its Pods by its own uid", "[standalone]") {
  const KindBehaviour& kind = behaviour_of("jobs.batch");
  json object = with_template(R"({"selector": null})");
  object["spec"].erase("selector");
  object["spec"]["template"]["spec"]["restartPolicy"] = "Never";
  kind.set_defaults(object);
  kind.prepare_create(object);
  CHECK(object["spec"]["selector"]["matchLabels"] ==
        json({{"batch.kubernetes.io/controller-uid", "u"}}));
  CHECK(object["spec"]["template"]["metadata"]["labels"]["job-name"] == "x");
  CHECK(object["spec"]["backoffLimit"] == 6);
  CHECK(texts(kind.validate(object)).empty());
}

TEST_CASE("Kinds: who approves a certificate changes nothing else of it", "[standalone]") {
  const KindBehaviour& kind = behaviour_of("certificatesigningrequests.certificates.k8s.io");
  const json old = json::parse(R"({"status": {"certificate": "YQ==",
    "conditions": [{"type": "Failed", "status": "True"}]}})");
  json object = json::parse(R"({"status": {"certificate": "Yg==",
    "conditions": [{"type": "Approved", "status": "True"}]}})");
  json status = object;
  kind.prepare_part(object, old, "approval");
  CHECK(object["status"]["certificate"] == "YQ==");
  CHECK(object["status"]["conditions"].size() == 2);
  kind.prepare_part(status, old, "status");
  CHECK(status["status"]["certificate"] == "Yg==");
  CHECK_FALSE(status["status"].contains("conditions"));  // it may not approve itself
}

TEST_CASE("Cidr: contains what is inside and smaller", "[standalone]") {
  const auto whole = parse_cidr("10.0.0.0/8");
  REQUIRE(whole.has_value());
  CHECK(whole->contains(*parse_cidr("10.1.0.0/16")));
  CHECK_FALSE(whole->contains(*parse_cidr("10.0.0.0/8")));
  CHECK_FALSE(whole->contains(*parse_cidr("11.0.0.0/16")));
  CHECK_FALSE(whole->contains(*parse_cidr("fd00::/16")));
  CHECK_FALSE(parse_cidr("10.0.0.0").has_value());
  CHECK_FALSE(parse_cidr("10.0.0.0/33").has_value());
  CHECK_FALSE(parse_cidr("x/8").has_value());
}

}  // namespace
}  // namespace skerry::standalone
