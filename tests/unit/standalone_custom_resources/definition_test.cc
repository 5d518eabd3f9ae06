// CustomResourceDefinitions: rules, names, rows.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/custom_objects/definition_warnings.h"
#include "cloudcore/standalone/custom_resources/custom_kinds.h"
#include "cloudcore/standalone/custom_resources/definition_rules.h"
#include "cloudcore/standalone/custom_resources/definition_status.h"
#include "cloudcore/standalone/printing/json_path.h"
#include "cloudcore/standalone/printing/table.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

json definition(const char* plural = "widgets", const char* kind = "Widget") {
  json out = json::parse(R"({
    "metadata":{},
    "spec":{"group":"example.com","scope":"Namespaced","names":{},
      "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{
        "type":"object","properties":{"spec":{"type":"object","properties":{
          "a":{"type":"string"}}}}}}}]}})");
  out["metadata"]["name"] = std::string(plural) + ".example.com";
  out["spec"]["names"] = {{"plural", plural}, {"kind", kind}};
  set_definition_defaults(out);
  note_stored_version(out);
  return out;
}

std::string joined(const FieldErrors& errors) {
  std::string out;
  for (const FieldError& each : errors) out += (out.empty() ? "" : " | ") + each.text();
  return out;
}

json& x_of(json& of) {
  json& schema = of["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
  return schema["properties"]["spec"]["properties"]["x"];
}

TEST_CASE("set_definition_defaults: names, conversion", "[standalone_custom_resources]") {
  const json made = definition();
  CHECK(made["spec"]["names"]["singular"] == "widget");
  CHECK(made["spec"]["names"]["listKind"] == "WidgetList");
  CHECK(made["spec"]["conversion"]["strategy"] == "None");
  CHECK(made["status"]["storedVersions"] == json::array({"v1"}));
  CHECK(joined(validate_definition(made)).empty());
}

TEST_CASE("validate_definition: as kube-apiserver 1.34.4 complains",
          "[standalone_custom_resources]") {
  struct Case {
    void (*change)(json& of);
    const char* wanted;
  };
  const Case cases[] = {
      {[](json& of) { of["metadata"]["name"] = "foo.bar"; },
       "metadata.name: Invalid value: \"foo.bar\": must be spec.names.plural+\".\"+spec.group"},
      {[](json& of) { of["spec"].erase("scope"); }, "spec.scope: Required value"},
      {[](json& of) { of["spec"]["scope"] = "Global"; },
       "spec.scope: Unsupported value: \"Global\": supported values: \"Cluster\", \"Namespaced\""},
      {[](json& of) { of["spec"]["names"]["listKind"] = "Widget"; },
       "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same"},
      {[](json& of) { of["spec"]["preserveUnknownFields"] = true; },
       "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
       "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"},
      {[](json& of) { of["spec"]["versions"][0].erase("schema"); },
       "spec.versions[0].schema.openAPIV3Schema: Required value"},
      {[](json& of) { x_of(of) = {{"type", "array"}}; },
       "spec.validation.openAPIV3Schema.properties[spec].properties[x].items: Required value: must "
       "be specified"},
      {[](json& of) { x_of(of) = {{"type", "text"}}; },
       "spec.validation.openAPIV3Schema.properties[spec].properties[x].type: Unsupported value: "
       "\"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", "
       "\"string\""},
      {[](json& of) { x_of(of) = {{"type", "string"}, {"pattern", "(["}}; },
       "spec.validation.openAPIV3Schema.properties[spec].properties[x].pattern: Invalid value: "
       "\"([\": must be a valid regular expression, but isn't: error parsing regexp: missing "
       "closing ]: `[`"},
      {[](json& of) { x_of(of) = {{"type", "string"}, {"default", 5}}; },
       "spec.validation.openAPIV3Schema.properties[spec].properties[x].default: Invalid value: "
       "\"integer\":  in body must be of type string: \"integer\""},
      {[](json& of) {
         x_of(of) = {{"type", "object"}, {"default", {{"zz", 1}}}, {"properties", json::object()}};
         x_of(of)["properties"]["a"] = {{"type", "integer"}};
       },
       "spec.validation.openAPIV3Schema.properties[spec].properties[x].default: Invalid value: "
       "{\"zz\":1}: must not have unknown fields"},
      {[](json& of) {
         of["spec"]["versions"][0]["additionalPrinterColumns"] = {
             {{"name", "A"}, {"type", "foo"}, {"jsonPath", ".spec.a"}}};
       },
       "spec.additionalPrinterColumns[0].type: Invalid value: \"foo\": must be one of "
       "boolean,date,integer,number,string"},
      {[](json& of) {
         of["spec"]["versions"][0]["subresources"]["scale"] = {{"specReplicasPath", ".status.x"},
                                                               {"statusReplicasPath", ".status.x"}};
       },
       "spec.subresources.scale.specReplicasPath: Invalid value: \".status.x\": should be a json "
       "path under .spec"},
      {[](json& of) {
         of["spec"]["versions"][0]["selectableFields"] = {{{"jsonPath", ".spec.nope"}}};
       },
       "spec.selectableFields[0].jsonPath: Invalid value: \".spec.nope\": is an invalid path: does "
       "not refer to a valid field"},
      {[](json& of) { of["spec"]["conversion"] = {{"strategy", "Webhook"}}; },
       "spec.conversion.webhookClientConfig: Required value: required when strategy is set to "
       "Webhook | spec.conversion.conversionReviewVersions: Required value"},
  };
  for (const Case& each : cases) {
    json of = definition();
    each.change(of);
    CHECK(joined(validate_definition(of)) == each.wanted);
  }
}

TEST_CASE("validate_definition: what versions do not share is named by version",
          "[standalone_custom_resources]") {
  json of = definition();
  json second = of["spec"]["versions"][0];
  second["name"] = "v2";
  second["storage"] = false;
  second["schema"]["openAPIV3Schema"]["properties"]["q"] = json::object();
  of["spec"]["versions"].push_back(second);
  CHECK(joined(validate_definition(of)) ==
        "spec.versions[1].schema.openAPIV3Schema.properties[q].type: Required value: must not be "
        "empty for specified object fields");
}

TEST_CASE("validate_definition_update: what must stay", "[standalone_custom_resources]") {
  json old = definition();
  old["status"] = next_status(old, {}, kNow);
  json of = old;
  of["spec"]["scope"] = "Cluster";
  CHECK(joined(validate_definition_update(of, old)) ==
        "spec.scope: Invalid value: \"Cluster\": field is immutable");
  of = old;
  of["spec"]["versions"][0]["name"] = "v2";
  note_stored_version(of);
  CHECK(joined(validate_definition_update(of, old))
            .starts_with("status.storedVersions[0]: Invalid value: \"v1\": missing from "
                         "spec.versions; v1 was previously a storage version"));
}

TEST_CASE("definition_warnings: what is accepted and not done", "[standalone_custom_resources]") {
  json of = definition();
  CHECK(definition_warnings(of).empty());
  x_of(of) = {{"type", "string"}, {"format", "nope"}};
  x_of(of)["x-kubernetes-validations"] = {{{"rule", "self != 'x'"}}};
  of["spec"]["conversion"]["strategy"] = "Webhook";
  const std::vector<std::string> warnings = definition_warnings(of);
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0].find("not enforced") != std::string::npos);
  CHECK(warnings[1] == "unrecognized format \"nope\"");
  CHECK(warnings[2].find("only the storage version v1 is served") != std::string::npos);
}

TEST_CASE("next_status: names that another definition has taken", "[standalone_custom_resources]") {
  json first = definition();
  first["status"] = next_status(first, {}, kNow);
  CHECK(has_condition(first, "NamesAccepted"));
  CHECK(has_condition(first, "Established"));
  CHECK(first["status"]["acceptedNames"] == first["spec"]["names"]);

  json second = definition("others", "Widget");
  second["status"] = next_status(second, {first}, kNow);
  CHECK_FALSE(has_condition(second, "NamesAccepted"));
  CHECK_FALSE(has_condition(second, "Established"));
  const json& condition = second["status"]["conditions"][0];
  CHECK(condition["reason"] == "ListKindConflict");
  CHECK(condition["message"] == "\"WidgetList\" is already in use");
  CHECK(second["status"]["acceptedNames"] == json({{"plural", "others"}, {"kind", ""}}));
  CHECK(custom_kinds(second, 1)->rows.empty());

  second["status"] = next_status(second, {}, kNow + std::chrono::seconds(5));
  CHECK(has_condition(second, "Established"));
  CHECK(second["status"]["conditions"][0]["lastTransitionTime"] !=
        first["status"]["conditions"][0]["lastTransitionTime"]);
  // Nothing changes any more: no write follows.
  CHECK(next_status(second, {}, kNow + std::chrono::seconds(9)) == second["status"]);
}

TEST_CASE("custom_kinds: a row for each served version", "[standalone_custom_resources]") {
  json of = definition();
  json& version = of["spec"]["versions"][0];
  version["subresources"] = {
      {"status", json::object()},
      {"scale", {{"specReplicasPath", ".spec.r"}, {"statusReplicasPath", ".status.r"}}}};
  version["additionalPrinterColumns"] = {
      {{"name", "Ready"},
       {"type", "string"},
       {"jsonPath", ".status.conditions[?(@.type==\"Ready\")].status"}},
      {{"name", "Size"}, {"type", "integer"}, {"jsonPath", ".spec.size"}, {"priority", 1}}};
  json old = version;
  old["name"] = "v1beta1";
  old["storage"] = false;
  old["deprecated"] = true;
  json off = old;
  off["name"] = "v1alpha1";
  off["served"] = false;
  of["spec"]["versions"].push_back(old);
  of["spec"]["versions"].push_back(off);
  of["status"] = next_status(of, {}, kNow);
  const auto kinds = custom_kinds(of, 7);
  REQUIRE(kinds.has_value());
  REQUIRE(kinds->rows.size() == 2);
  const KindRow& row = kinds->rows[0];
  CHECK(row.gv.text() == "example.com/v1");
  CHECK(row.storage_prefix == "widgets.example.com");
  CHECK(row.subresources == std::vector<std::string>{"status", "scale"});
  CHECK(custom_version(row)->deprecation.empty());
  CHECK(custom_version(kinds->rows[1])->deprecation ==
        "example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget");
  CHECK(custom_version(kinds->rows[1])->stored.version == "v1");

  const json object = json::parse(R"({"metadata":{"name":"w"},"spec":{"size":3},"status":
      {"conditions":[{"type":"Other","status":"False"},{"type":"Ready","status":"True"}]}})");
  CHECK(table_cells(row, object, kNow) == json::array({"w", "True", 3}));
  const json columns = json::parse(table_columns(row));
  CHECK(columns[2]["name"] == "Size");
  CHECK(columns[2]["priority"] == 1);
}

TEST_CASE("custom_kinds: a conversion webhook is not called: only what is stored is served",
          "[standalone_custom_resources]") {
  json of = definition();
  json second = of["spec"]["versions"][0];
  second["name"] = "v2";
  second["storage"] = false;
  of["spec"]["versions"].push_back(second);
  of["spec"]["conversion"]["strategy"] = "Webhook";
  of["status"] = next_status(of, {}, kNow);
  const auto kinds = custom_kinds(of, 1);
  REQUIRE(kinds.has_value());
  REQUIRE(kinds->rows.size() == 1);
  CHECK(kinds->rows[0].gv.version == "v1");
}

TEST_CASE("JsonPath: the paths of printer columns", "[standalone_custom_resources]") {
  const json object =
      json::parse(R"({"a":{"b.c":"dots","l":[{"n":1},{"n":2}]},"m":{"x/y":"slash"}})");
  struct Case {
    const char* path;
    const char* wanted;
  };
  const Case cases[] = {
      {".a['b\\.c']", "\"dots\" "}, {".a.b\\.c", "\"dots\" "},  {".a.l[1].n", "2 "},
      {".a.l[-1].n", "2 "},         {".a.l[*].n", "1 2 "},      {".a.l[?(@.n>1)].n", "2 "},
      {".a.l[?(@.n==1)].n", "1 "},  {".a.l[9].n", ""},          {".m.x/y", "\"slash\" "},
      {".nothing.there", ""},       {".a.l[?(@.n)].n", "1 2 "},
  };
  for (const Case& each : cases) {
    INFO(each.path);
    const auto path = JsonPath::parse(each.path);
    REQUIRE(path.has_value());
    std::string found;
    for (const json* value : path->find(object)) found += value->dump() + " ";
    CHECK(found == each.wanted);
  }
  for (const char* bad : {"", "a", ".a[", ".a[1:2]", "..a", ".a[?(b==1)]"}) {
    INFO(bad);
    CHECK_FALSE(JsonPath::parse(bad).has_value());
  }
}

}  // namespace
}  // namespace skerry::standalone
