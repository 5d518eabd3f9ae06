#include "cloudcore/standalone/schema/structural_schema.h"

#include <algorithm>
#include <fstream>

#include "cloudcore/standalone/schema/kind_table.h"
#include "cloudcore/standalone/schema/openapi_schema.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::standalone;
using nlohmann::json;
using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

namespace {

std::shared_ptr<const OwnedSchema> built(const char* text) {
  INFO(text);
  auto schema = structural_schema(json::parse(text));
  if (!schema) FAIL(schema.error().what);
  return *schema;
}

const TypeSchema& spec_of(const OwnedSchema& schema) {
  const FieldSchema* spec = schema.root->field("spec");
  REQUIRE(spec != nullptr);
  return *spec->type;
}

const FieldSchema& field_of(const TypeSchema& type, std::string_view name) {
  INFO(name);
  const FieldSchema* field = type.field(name);
  REQUIRE(field != nullptr);
  return *field;
}

}  // namespace

// The problems in the table are a real server's: tests/e2e/schema_facts_test.py asks it.
TEST_CASE("Structural schema: problems in Kubernetes' words", "[standalone_schema]") {
  std::ifstream file("tests/unit/standalone_schema/structural_cases.json");
  const json cases = json::parse(file);
  REQUIRE(cases.size() > 40);
  for (const json& each : cases) {
    INFO(each["name"].get<std::string>());
    std::vector<std::string> found;
    for (const FieldProblem& problem :
         structural_problems(each["schema"], "spec.validation.openAPIV3Schema"))
      found.push_back(problem.text());
    CHECK(found == each["problems"].get<std::vector<std::string>>());
    CHECK(structural_schema(each["schema"]).has_value() == each["problems"].empty());
  }
}

TEST_CASE("Structural schema: keywords of wrong types are problems, not crashes",
          "[standalone_schema]") {
  const char* cases[][2] = {
      {R"({"type":5})", "type"},
      {R"({"type":"object","properties":[]})", "properties"},
      {R"({"type":"object","properties":{"a":1}})", "properties"},
      {R"({"type":"object","properties":{"a":{"type":"array","items":"x"}}})", "items"},
      {R"({"type":"object","anyOf":{}})", "anyOf"},
      {R"({"type":"object","required":["a",1]})", "required"},
      {R"({"type":"object","additionalProperties":"yes"})", "additionalProperties"},
      {R"({"type":"object","x-kubernetes-preserve-unknown-fields":"yes"})", "preserve"},
      {R"({"type":"object","minProperties":1.5})", "minProperties"},
      {R"("object")", "openAPIV3Schema"},
      {R"(null)", "openAPIV3Schema"},
  };
  for (const auto& [text, where] : cases) {
    INFO(text);
    const auto problems = structural_problems(json::parse(text));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].field.find(where) != std::string::npos);
    CHECK(problems[0].reason == "FieldValueInvalid");
  }
}

TEST_CASE("Structural schema: depth is limited", "[standalone_schema]") {
  json schema = {{"type", "string"}};
  for (int i = 0; i < kSchemaDepthMax + 5; ++i) {
    json outer = {{"type", "array"}};
    outer["items"] = std::move(schema);
    schema = std::move(outer);
  }
  json root = {{"type", "object"}};
  root["properties"]["spec"] = std::move(schema);
  CHECK_FALSE(structural_problems(root).empty());
}

TEST_CASE("Structural schema: shapes, defaults and ownership", "[standalone_schema]") {
  const auto schema = built(R"({"type":"object","properties":{"spec":{"type":"object",
    "required":["image","elsewhere"],"x-kubernetes-map-type":"atomic","properties":{
      "image":{"type":"string","pattern":"^a","maxLength":5,"enum":["a","ab"]},
      "replicas":{"type":"integer","format":"int32","minimum":1,"default":3,"nullable":true},
      "ratio":{"type":"number"},"on":{"type":"boolean"},
      "port":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]},
      "free":{"x-kubernetes-preserve-unknown-fields":true},
      "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
      "labels":{"type":"object","additionalProperties":{"type":"string","default":"x"}},
      "bag":{"type":"object","additionalProperties":true},
      "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["n"],
        "items":{"type":"object","required":["n"],"properties":{"n":{"type":"string"}}}},
      "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
      "list":{"type":"array","maxItems":3,"items":{"type":"string"}}}}}})");
  CHECK_FALSE(schema->has_rules);
  const TypeSchema& spec = spec_of(*schema);
  CHECK(spec.ownership == Ownership::kAtomic);
  CHECK(std::ranges::is_sorted(spec.fields, {}, &FieldSchema::name));
  CHECK(spec.limits == json({{"required", {"elsewhere"}}}));

  const FieldSchema& image = field_of(spec, "image");
  CHECK(image.required);
  CHECK(image.type->limits == json({{"pattern", "^a"}, {"maxLength", 5}}));
  CHECK(image.type->enum_values == std::vector<json>{"a", "ab"});
  const FieldSchema& replicas = field_of(spec, "replicas");
  CHECK(replicas.default_value == json(3));
  CHECK(replicas.type->nullable);
  CHECK(replicas.type->format == "int32");
  CHECK(replicas.type->shape == Shape::kInteger);
  CHECK(field_of(spec, "ratio").type->shape == Shape::kNumber);
  CHECK(field_of(spec, "on").type->shape == Shape::kBoolean);
  CHECK(field_of(spec, "port").type->shape == Shape::kIntOrString);
  CHECK(field_of(spec, "port").type->limits.is_null());
  CHECK(field_of(spec, "free").type->shape == Shape::kAny);
  CHECK(field_of(spec, "open").type->shape == Shape::kObject);
  CHECK(field_of(spec, "open").type->preserve_unknown);
  CHECK(field_of(spec, "labels").type->item_default == json("x"));
  CHECK(field_of(spec, "bag").type->item->shape == Shape::kAny);
  CHECK(field_of(spec, "ports").type->ownership == Ownership::kByKeys);
  CHECK(field_of(spec, "ports").type->list_map_keys == std::vector<std::string>{"n"});
  CHECK(field_of(spec, "set").type->ownership == Ownership::kSet);
  CHECK(field_of(spec, "list").type->ownership == Ownership::kAtomic);
  CHECK(field_of(spec, "list").type->limits == json({{"maxItems", 3}}));
}

TEST_CASE("Structural schema: a resource has its three fields", "[standalone_schema]") {
  const auto schema = built(R"({"type":"object","properties":{
    "metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":8}}},
    "spec":{"type":"object","properties":{"pod":{"type":"object",
      "x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}}})");
  const TypeSchema* meta =
      built_in_kinds()->type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  const TypeSchema& root = *schema->root;
  CHECK(field_of(root, "metadata").type == meta);
  CHECK(field_of(root, "apiVersion").type->shape == Shape::kString);
  CHECK(field_of(root, "kind").type->shape == Shape::kString);
  CHECK(root.limits["allOf"][0]["properties"]["metadata"]["properties"]["name"] ==
        json({{"maxLength", 8}}));
  const TypeSchema& pod = *field_of(spec_of(*schema), "pod").type;
  CHECK(pod.embedded_resource);
  CHECK(pod.preserve_unknown);
  CHECK(field_of(pod, "metadata").type == meta);
  CHECK(spec_of(*schema).field("metadata") == nullptr);
}

TEST_CASE("Structural schema: what is shown comes out again", "[standalone_schema]") {
  const auto schema = built(R"({"type":"object","description":"A tab.","properties":{
    "spec":{"type":"object","description":"What is wanted.","required":["cron"],
      "x-kubernetes-validations":[{"rule":"self.a < self.b"}],
      "properties":{"cron":{"type":"string","pattern":"^a","default":"a"},
                    "when":{"type":"string","format":"date-time","nullable":true}}}}})");
  CHECK(schema->has_rules);
  const json v3 = schema_object(*schema->root, OpenApi::kV3);
  CHECK(v3["description"] == "A tab.");
  const json& spec = v3["properties"]["spec"];
  CHECK(spec["description"] == "What is wanted.");
  CHECK(spec["required"] == json::array({"cron"}));
  CHECK(spec["x-kubernetes-validations"][0]["rule"] == "self.a < self.b");
  CHECK(spec["properties"]["cron"] ==
        json({{"type", "string"}, {"pattern", "^a"}, {"default", "a"}}));
  CHECK(spec["properties"]["when"]["nullable"] == true);
  const json v2 = schema_object(*schema->root, OpenApi::kV2);
  CHECK_FALSE(v2["properties"]["spec"]["properties"]["when"].contains("type"));
  CHECK_FALSE(v2["properties"]["spec"]["properties"]["cron"].contains("default"));
}
