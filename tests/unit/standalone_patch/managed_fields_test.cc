#include "cloudcore/standalone/patch/managed_fields.h"

#include "cloudcore/standalone/patch/ownership.h"
#include "cloudcore/standalone/patch/scale_fields.h"
#include "cloudcore/standalone/patch/structured_merge.h"
#include "cloudcore/standalone/schema/kind_table.h"
#include "cloudcore/standalone/schema/structural_schema.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

const TypeSchema& type_of(const char* group, const char* kind) {
  const auto kinds = built_in_kinds();
  return *kinds->find(GroupVersion{group, "v1"}, kind)->type;
}
const TypeSchema& config_map() { return type_of("", "ConfigMap"); }
const TypeSchema& deployment() { return type_of("apps", "Deployment"); }

FieldWriter writer(const std::string& manager, const std::string& version = "v1") {
  return {manager, version, "", "2026-01-01T00:00:00Z"};
}

/// "m Apply {...};" of each entry.
std::string owners(const json& object) {
  std::string out;
  for (const json& entry : object["metadata"].value("managedFields", json::array())) {
    out += entry["manager"].get<std::string>() + " " + entry["operation"].get<std::string>() + " " +
           entry["fieldsV1"].dump() + ";";
  }
  return out;
}

json map_with(const char* data) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", "a"}}},
          {"data", json::parse(data)}};
}

TEST_CASE("track_update: a create owns all that the client said", "[standalone]") {
  json object = map_with(R"({"x":"1"})");
  track_update(object, zero_object(config_map()), &config_map(), writer("tester"));
  CHECK(owners(object) == R"(tester Update {"f:data":{".":{},"f:x":{}}};)");
}

TEST_CASE("track_update: structures that are always there are nobody's", "[standalone]") {
  json object = json::parse(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},
    "spec":{"selector":{"matchLabels":{"a":"b"}},"strategy":{"type":"Recreate"},
    "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"x","env":[
    {"name":"A","value":"1"}]}]}}}})");
  track_update(object, zero_object(deployment()), &deployment(), writer("t", "apps/v1"));
  // As kube-apiserver 1.34 has it for the same object.
  const json wanted = json::parse(R"({"f:spec":{"f:selector":{},"f:strategy":{"f:type":{}},
    "f:template":{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{
    "k:{\"name\":\"x\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"A\"}":{".":{},"f:name":{},
    "f:value":{}}},"f:name":{}}}}}}})");
  CHECK(object["metadata"]["managedFields"][0]["fieldsV1"] == wanted);
}

TEST_CASE("track_update: who changes a field takes it", "[standalone]") {
  json first = map_with(R"({"x":"1","y":"2"})");
  track_update(first, zero_object(config_map()), &config_map(), writer("one"));
  json second = first;
  second["data"]["x"] = "3";
  second["data"]["z"] = "4";
  track_update(second, first, &config_map(), writer("two"));
  CHECK(owners(second) ==
        R"(one Update {"f:data":{".":{},"f:y":{}}};two Update {"f:data":{"f:x":{},"f:z":{}}};)");
  json third = second;
  third["data"].erase("y");
  track_update(third, second, &config_map(), writer("three"));
  CHECK(owners(third) == R"(one Update {"f:data":{}};two Update {"f:data":{"f:x":{},"f:z":{}}};)");
}

TEST_CASE("track_update: the client may clear managedFields, and not spoil them", "[standalone]") {
  json first = map_with(R"({"x":"1"})");
  track_update(first, zero_object(config_map()), &config_map(), writer("one"));
  struct Row {
    const char* given;
    const char* wanted;
  };
  const Row rows[] = {
      {R"([{}])", ""},
      {R"([])", ""},
      {R"(null)", R"(one Update {"f:data":{".":{},"f:x":{}}};)"},
      {R"([{"manager":"x","operation":"Bend","apiVersion":"v1"}])",
       R"(one Update {"f:data":{".":{},"f:x":{}}};)"},
      {R"([{"manager":"x","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:x":{}}}}])",
       R"(x Apply {"f:data":{"f:x":{}}};)"},
      {R"([{"manager":"x","operation":"Apply","apiVersion":"v1","fieldsType":"Other"}])",
       R"(one Update {"f:data":{".":{},"f:x":{}}};)"},
  };
  for (const Row& row : rows) {
    INFO(row.given);
    json object = first;
    object["metadata"]["managedFields"] = json::parse(row.given);
    track_update(object, first, &config_map(), writer("two"));
    CHECK(owners(object) == row.wanted);
  }
  json cleared = map_with(R"({"x":"1"})");
  cleared["metadata"]["uid"] = "u";
  cleared["status"]["x"] = "1";
  json changed = cleared;
  changed["data"]["x"] = "2";
  track_update(changed, cleared, &config_map(), writer("two"));
  CHECK(owners(changed) == "");
  const auto applied =
      apply_configuration(changed, map_with(R"({"x":"2"})"), &config_map(), writer("a"), false);
  CHECK(owners(applied.object) ==
        R"(a Apply {"f:data":{"f:x":{}}};before-first-apply Update {"f:data":{".":{},"f:x":{}}};)");
}

TEST_CASE("track_update: more than ten updaters, and the oldest are put together", "[standalone]") {
  json object = map_with(R"({})");
  for (int i = 0; i < 13; ++i) {
    json next = object;
    const std::string name = "m" + std::to_string(100 + i);
    next["data"][name] = "1";
    FieldWriter by = writer(name);
    by.now = "2026-01-01T00:00:" + std::to_string(10 + i) + "Z";
    track_update(next, object, &config_map(), by);
    object = next;
  }
  const json& entries = object["metadata"]["managedFields"];
  REQUIRE(entries.size() == 10);
  CHECK(entries[0]["manager"] == "ancient-changes");
  CHECK(entries[0]["time"] == "2026-01-01T00:00:13Z");
  CHECK(entries[0]["fieldsV1"]["f:data"].size() == 4);
}

struct Step {
  const char* manager;
  const char* data;
  bool force;
  const char* wanted;  // data and owners after it, or "!" and the conflict
};

TEST_CASE("apply_configuration: appliers of one object", "[standalone]") {
  // Recorded from kube-apiserver 1.34.
  const Step steps[] = {
      {"m1", R"({"x":"1"})", false, R"({"x":"1"} m1 Apply {"f:data":{"f:x":{}}};)"},
      {"m2", R"({"x":"1"})", false,
       R"({"x":"1"} m2 Apply {"f:data":{"f:x":{}}};m1 Apply {"f:data":{"f:x":{}}};)"},
      {"m3", R"({"x":"2"})", false,
       "!Apply failed with 2 conflicts: conflicts with \"m1\":\n- .data.x\nconflicts with "
       "\"m2\":\n- .data.x"},
      {"m3", R"({"x":"2","y":"3"})", true,
       R"({"x":"2","y":"3"} m3 Apply {"f:data":{"f:x":{},"f:y":{}}};)"},
      {"m4", R"({"y":"4"})", false, "!Apply failed with 1 conflict: conflict with \"m3\": .data.y"},
      {"m4", R"({"z":"4"})", false,
       R"({"x":"2","y":"3","z":"4"} m3 Apply {"f:data":{"f:x":{},"f:y":{}}};m4 Apply {"f:data":{"f:z":{}}};)"},
      {"m3", R"({"x":"2"})", false,
       R"({"x":"2","z":"4"} m3 Apply {"f:data":{"f:x":{}}};m4 Apply {"f:data":{"f:z":{}}};)"},
  };
  json live;
  for (const Step& step : steps) {
    INFO(step.manager << step.data);
    const auto result = apply_configuration(live, map_with(step.data), &config_map(),
                                            writer(step.manager), step.force);
    if (*step.wanted == '!') {
      CHECK("!" + conflict_message(result.conflicts) == step.wanted);
      continue;
    }
    REQUIRE(result.conflicts.empty());
    live = result.object;
    CHECK(live["data"].dump() + " " + owners(live) == step.wanted);
  }
}

TEST_CASE("apply_configuration: kubectl takes over what its client-side apply set",
          "[standalone]") {
  json live = map_with(R"({"x":"1","y":"1"})");
  live["metadata"]["annotations"][kLastAppliedAnnotation] = map_with(R"({"x":"1","y":"0"})").dump();
  track_update(live, zero_object(config_map()), &config_map(), writer("kubectl-client-side-apply"));
  const json wish = map_with(R"({"x":"2"})");
  CHECK(apply_configuration(live, wish, &config_map(), writer("other"), false).conflicts.size() ==
        1);
  const auto taken = apply_configuration(live, wish, &config_map(), writer("kubectl"), false);
  REQUIRE(taken.conflicts.empty());
  CHECK(taken.object["data"]["x"] == "2");
  const json annotation = json::parse(
      taken.object["metadata"]["annotations"][kLastAppliedAnnotation].get<std::string>());
  CHECK(annotation == wish);
  // y was changed after it was applied: it is not kubectl's to take.
  const auto other =
      apply_configuration(live, map_with(R"({"y":"2"})"), &config_map(), writer("kubectl"), false);
  REQUIRE(other.conflicts.size() == 1);
  CHECK(other.conflicts[0].path == ".data.y");
}

/// With a list of each type, as a CustomResourceDefinition has them.
std::shared_ptr<const OwnedSchema> custom_schema() {
  const auto schema = structural_schema(json::parse(R"({"type":"object","properties":{"spec":{
    "type":"object","properties":{
      "m":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
        "items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"},
        "v":{"type":"integer"}}}},
      "s":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
      "a":{"type":"array","items":{"type":"string"}},
      "am":{"type":"object","x-kubernetes-map-type":"atomic","additionalProperties":{"type":"string"}},
      "gm":{"type":"object","additionalProperties":{"type":"string"}},
      "p":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}})"));
  REQUIRE(schema.has_value());
  return *schema;
}

TEST_CASE("apply_configuration: a custom kind is owned as its schema says", "[standalone]") {
  struct Row {
    const char* manager;
    const char* spec;
    const char* wanted;  // the spec and the applier's fields, or "!" and the conflict
  };
  // Recorded from kube-apiserver 1.34.
  const Row rows[] = {
      {"m1",
       R"({"m":[{"k":"a","v":1}],"s":["x","y"],"a":["1"],"am":{"q":"1"},"gm":{"q":"1"},"p":{"z":[{"y":1}],"n":{"e":1}}})",
       R"({"a":["1"],"am":{"q":"1"},"gm":{"q":"1"},"m":[{"k":"a","v":1}],"p":{"n":{"e":1},"z":[{"y":1}]},"s":["x","y"]} {"f:a":{},"f:am":{},"f:gm":{"f:q":{}},"f:m":{"k:{\"k\":\"a\"}":{".":{},"f:k":{},"f:v":{}}},"f:p":{"f:n":{".":{},"f:e":{}},"f:z":{}},"f:s":{"v:\"x\"":{},"v:\"y\"":{}}})"},
      {"m2",
       R"({"m":[{"k":"b","v":2},{"k":"a","v":1}],"s":["z"],"gm":{"r":"2"},"p":{"n":{"f":2}}})",
       R"({"a":["1"],"am":{"q":"1"},"gm":{"q":"1","r":"2"},"m":[{"k":"b","v":2},{"k":"a","v":1}],"p":{"n":{"e":1,"f":2},"z":[{"y":1}]},"s":["x","y","z"]} {"f:gm":{"f:r":{}},"f:m":{"k:{\"k\":\"a\"}":{".":{},"f:k":{},"f:v":{}},"k:{\"k\":\"b\"}":{".":{},"f:k":{},"f:v":{}}},"f:p":{"f:n":{".":{},"f:f":{}}},"f:s":{"v:\"z\"":{}}})"},
      {"m2", R"({"m":[{"k":"a","v":3}],"am":{"q":"2"},"a":["2"],"p":{"z":[]}})",
       "!Apply failed with 4 conflicts: conflicts with \"m1\":\n- .spec.a\n- .spec.am\n- "
       ".spec.m[k=\"a\"].v\n- .spec.p.z"},
      {"m1", R"({"m":[],"s":["y"],"gm":{}})",
       R"({"gm":{"r":"2"},"m":[{"k":"b","v":2},{"k":"a","v":1}],"p":{"n":{"f":2}},"s":["y","z"]} {"f:gm":{},"f:s":{"v:\"y\"":{}}})"},
  };
  const auto schema = custom_schema();
  json live;
  for (const Row& row : rows) {
    INFO(row.manager << row.spec);
    const json config = {{"apiVersion", "g/v1"},
                         {"kind", "K"},
                         {"metadata", {{"name", "x"}}},
                         {"spec", json::parse(row.spec)}};
    const auto result =
        apply_configuration(live, config, schema->root, writer(row.manager, "g/v1"), false);
    if (*row.wanted == '!') {
      CHECK("!" + conflict_message(result.conflicts) == row.wanted);
      continue;
    }
    REQUIRE(result.conflicts.empty());
    live = result.object;
    std::string owned;
    for (const json& entry : live["metadata"]["managedFields"]) {
      if (entry["manager"] == row.manager) owned = entry["fieldsV1"]["f:spec"].dump();
    }
    CHECK(live["spec"].dump() + " " + owned == row.wanted);
  }
  const json keyless = json::parse(R"({"spec":{"m":[{"v":1}]}})");
  const std::vector<std::string> wanted = {
      ".spec.m: element 0: associative list with keys has an element that omits all key fields "
      "[\"k\"] (and doesn't have default values for any key fields)"};
  CHECK(configuration_problems(keyless, schema->root) == wanted);
}

TEST_CASE("scale_entries: who owns the replicas, in a Scale and in its object", "[standalone]") {
  const FieldSet owned = field_at(".spec.replicas");
  CHECK(owned == json::parse(R"({"f:spec":{"f:replicas":{}}})"));
  const json before = json::parse(R"([
    {"manager":"a","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{},"f:paused":{}}}},
    {"manager":"b","operation":"Update","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}}}])");
  const json scale = scale_entries(before, owned);
  REQUIRE(scale.size() == 1);
  CHECK(scale[0]["manager"] == "a");
  CHECK(scale[0]["apiVersion"] == "autoscaling/v1");
  const json taken = json::parse(R"([{"manager":"s","operation":"Update","subresource":"scale",
    "apiVersion":"autoscaling/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}])");
  json object = {
      {"metadata", {{"managedFields", object_entries(before, taken, owned, "apps/v1")}}}};
  CHECK(owners(object) ==
        R"(a Apply {"f:spec":{"f:paused":{}}};b Update {"f:spec":{"f:paused":{}}};)"
        R"(s Update {"f:spec":{"f:replicas":{}}};)");
  CHECK(object["metadata"]["managedFields"][2]["apiVersion"] == "apps/v1");
}

struct MergeRow {
  const char* what;
  const char* live;
  const char* config;
  const char* wanted;
};

// Of a PodSpec: containers by name, ports by port and protocol, args whole.
const MergeRow kMerges[] = {
    {"items keep their places, new ones follow", R"({"containers":[{"name":"a"},{"name":"b"}]})",
     R"({"containers":[{"name":"c"}]})",
     R"({"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]})"},
    {"shared items come in the configuration's order",
     R"({"containers":[{"name":"a"},{"name":"x"},{"name":"b"}]})",
     R"({"containers":[{"name":"b","image":"2"},{"name":"a"}]})",
     R"({"containers":[{"name":"x"},{"name":"b","image":"2"},{"name":"a"}]})"},
    {"a missing key has its default",
     R"({"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"}]}]})",
     R"({"containers":[{"name":"a","ports":[{"containerPort":80,"name":"w"}]}]})",
     R"({"containers":[{"name":"a","ports":[{"containerPort":80,"name":"w","protocol":"TCP"}]}]})"},
    {"an atomic list is replaced", R"({"containers":[{"name":"a","args":["1","2"]}]})",
     R"({"containers":[{"name":"a","args":["3"]}]})",
     R"({"containers":[{"name":"a","args":["3"]}]})"},
    {"an atomic map is replaced", R"({"nodeSelector":{"a":"1"}})", R"({"nodeSelector":{"b":"2"}})",
     R"({"nodeSelector":{"b":"2"}})"},
};

TEST_CASE("structured_merge: lists by their keys", "[standalone]") {
  const TypeSchema* spec = type_of("", "Pod").field("spec")->type;
  for (const MergeRow& row : kMerges) {
    INFO(row.what);
    CHECK(structured_merge(json::parse(row.live), json::parse(row.config), spec) ==
          json::parse(row.wanted));
  }
}

TEST_CASE("configuration_problems: as kube-apiserver words them", "[standalone]") {
  const json config = json::parse(R"({"metadata":{"labels":5},"foo":1,"spec":{"replicas":"a",
    "paused":"b","selector":[],"template":{"spec":{"containers":[{"name":"a","image":["x"]},
    {"name":"a"}],"initContainers":{"a":1}}}}})");
  const std::vector<std::string> wanted = {
      ".foo: field not declared in schema",
      ".metadata.labels: expected map, got &{5}",
      ".spec.paused: expected boolean, got &{b}",
      ".spec.replicas: expected numeric (int or float), got string",
      ".spec.selector: expected map, got &{[]}",
      ".spec.template.spec.containers[name=\"a\"].image: expected string, got "
      "&value.valueUnstructured{Value:[]interface {}{\"x\"}}",
      ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]",
      ".spec.template.spec.initContainers: expected list, got &{map[a:1]}",
  };
  CHECK(configuration_problems(config, &deployment()) == wanted);
}

}  // namespace
}  // namespace skerry::standalone
