#include "cloudcore/standalone/schema/openapi.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/schema/discovery.h"
#include "tests/support/catch.h"

using namespace skerry::standalone;
using nlohmann::json;

namespace {

const std::vector<KindRow>& rows() { return built_in_kinds()->rows; }

void collect_references(const json& at, std::vector<std::string>& into) {
  if (at.is_object())
    if (const auto found = at.find("$ref"); found != at.end() && found->is_string())
      into.push_back(found->get<std::string>());
  if (at.is_structured())
    for (const json& each : at) collect_references(each, into);
}

json document_of(const GroupVersion& gv) {
  auto text = openapi_v3_document(rows(), gv);
  REQUIRE(text);
  return json::parse(*text);
}

KindRow cron_tab(const TypeSchema& type) {
  KindRow row;
  row.gv = {"stable.example.com", "v1"};
  row.kind = "CronTab";
  row.plural = "crontabs";
  row.singular = "crontab";
  row.verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  row.subresources = {"status", "scale"};
  row.type = &type;
  row.custom = true;
  return row;
}

}  // namespace

TEST_CASE("OpenAPI: every reference of a document leads somewhere", "[standalone_schema]") {
  for (const GroupVersion& gv : group_versions(rows())) {
    const json document = document_of(gv);
    std::vector<std::string> references;
    collect_references(document, references);
    CHECK(references.size() > 10);
    for (const std::string& each : references) {
      INFO(gv.text() << " " << each);
      REQUIRE(document.contains(json::json_pointer(each.substr(1))));
    }
  }
  const json v2 = json::parse(openapi_v2_document(rows()));
  std::vector<std::string> references;
  collect_references(v2, references);
  for (const std::string& each : references) {
    INFO(each);
    REQUIRE(v2.contains(json::json_pointer(each.substr(1))));
  }
  CHECK_FALSE(openapi_v3_document(rows(), {"apps", "v2"}));
}

TEST_CASE("OpenAPI: what kubectl looks for when it patches and checks fields",
          "[standalone_schema]") {
  const json document = document_of({"apps", "v1"});
  const json& patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
                              ["patch"];
  CHECK(patch["x-kubernetes-group-version-kind"]["kind"] == "Deployment");
  CHECK(patch["requestBody"]["content"].contains("application/strategic-merge-patch+json"));
  CHECK(std::ranges::any_of(patch["parameters"], [](const json& each) {
    return each["name"] == "fieldValidation" && each["in"] == "query";
  }));
  const json& schemas = document["components"]["schemas"];
  const json& kinds = schemas["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"];
  CHECK(kinds == json::parse(R"([{"group":"apps","version":"v1","kind":"Deployment"}])"));
  CHECK(schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"] == json::parse(R"({
    "type":"array",
    "items":{"default":{},"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.Container"}]},
    "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
    "x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"name"})"));
}

TEST_CASE("OpenAPI: a custom kind stands in its group's document", "[standalone_schema]") {
  TypeSchema replicas, any, spec, root;
  replicas.shape = TypeSchema::Shape::kInteger;
  replicas.limits = {{"minimum", 1}};
  any.shape = TypeSchema::Shape::kAny;
  spec.shape = TypeSchema::Shape::kObject;
  FieldSchema field;
  field.name = "replicas";
  field.type = &replicas;
  field.default_value = 1;
  spec.fields = {field};
  root.shape = TypeSchema::Shape::kObject;
  FieldSchema metadata, spec_field;
  metadata.name = "metadata";
  metadata.type = built_in_kinds()->type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  spec_field.name = "spec";
  spec_field.type = &spec;
  root.fields = {metadata, spec_field};

  const std::vector<KindRow> all = {cron_tab(root)};
  const json document = json::parse(*openapi_v3_document(all, {"stable.example.com", "v1"}));
  const json& schemas = document["components"]["schemas"];
  const json& schema = schemas["com.example.stable.v1.CronTab"];
  CHECK(schema["properties"]["spec"]["properties"]["replicas"] ==
        json::parse(R"({"type":"integer","minimum":1,"default":1})"));
  CHECK(schema["x-kubernetes-group-version-kind"][0]["kind"] == "CronTab");
  CHECK(schemas["com.example.stable.v1.CronTabList"]["required"] == json::array({"items"}));
  const json& paths = document["paths"];
  const json& patch =
      paths["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"]["patch"];
  CHECK(patch["operationId"] == "patchStableExampleComV1NamespacedCronTab");
  // kubectl takes that for a kind that it patches by JSON merge patch.
  CHECK_FALSE(patch["requestBody"]["content"].contains("application/strategic-merge-patch+json"));
  CHECK(paths.contains("/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}/scale"));

  const json v2 = json::parse(openapi_v2_document(all));
  const std::string definition = v2["definitions"]["com.example.stable.v1.CronTab"].dump();
  CHECK(definition.find("default") == definition.npos);
}

TEST_CASE("OpenAPI: the index carries each document's hash", "[standalone_schema]") {
  const std::vector<OpenApiPlace> places = {{{"", "v1"}, openapi_hash("a")},
                                            {{"apps", "v1"}, openapi_hash("b")}};
  const json index = json::parse(openapi_v3_index(places));
  CHECK(index["paths"]["apis/apps/v1"]["serverRelativeURL"] ==
        "/openapi/v3/apis/apps/v1?hash=" + openapi_hash("b"));
  CHECK(index["paths"].contains("api/v1"));
}
