#include "cloudcore/standalone/patch/strategic_merge.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/schema/kind_table.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

struct Row {
  const char* what;
  const char* original;
  const char* patch;
  const char* wanted;
};

// Of a Pod: containers merge by name, their ports by containerPort, args are replaced, finalizers
// are merged scalars.
const Row kRows[] = {
    {"a scalar is replaced", R"({"spec":{"nodeName":"a"}})", R"({"spec":{"nodeName":"b"}})",
     R"({"spec":{"nodeName":"b"}})"},
    {"null deletes", R"({"spec":{"nodeName":"a","hostname":"h"}})", R"({"spec":{"nodeName":null}})",
     R"({"spec":{"hostname":"h"}})"},
    {"null of what is not there adds nothing", R"({"spec":{}})", R"({"spec":{"nodeName":null}})",
     R"({"spec":{}})"},
    {"maps are merged", R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
     R"({"metadata":{"labels":{"b":null,"c":"3"}}})",
     R"({"metadata":{"labels":{"a":"1","c":"3"}}})"},
    {"elements are merged by their key",
     R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}})",
     R"({"spec":{"containers":[{"name":"b","image":"2"}]}})",
     R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}})"},
    {"a new element goes to the end", R"({"spec":{"containers":[{"name":"a"}]}})",
     R"({"spec":{"containers":[{"name":"b"}]}})",
     R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})"},
    {"an element is deleted", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
     R"({"spec":{"containers":[{"name":"a","$patch":"delete"}]}})",
     R"({"spec":{"containers":[{"name":"b"}]}})"},
    {"a list is replaced", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
     R"({"spec":{"containers":[{"$patch":"replace"},{"name":"c"}]}})",
     R"({"spec":{"containers":[{"name":"c"}]}})"},
    {"a list without a strategy is replaced",
     R"({"spec":{"containers":[{"name":"a","args":["x","y"]}]}})",
     R"({"spec":{"containers":[{"name":"a","args":["z"]}]}})",
     R"({"spec":{"containers":[{"name":"a","args":["z"]}]}})"},
    {"an object is replaced", R"({"spec":{"securityContext":{"runAsUser":1,"fsGroup":2}}})",
     R"({"spec":{"securityContext":{"$patch":"replace","runAsUser":3}}})",
     R"({"spec":{"securityContext":{"runAsUser":3}}})"},
    {"an object is emptied", R"({"spec":{"securityContext":{"runAsUser":1}}})",
     R"({"spec":{"securityContext":{"$patch":"delete"}}})", R"({"spec":{"securityContext":{}}})"},
    {"scalars are added once", R"({"metadata":{"finalizers":["a","b"]}})",
     R"({"metadata":{"finalizers":["b","c"]}})", R"({"metadata":{"finalizers":["a","b","c"]}})"},
    {"scalars are deleted", R"({"metadata":{"finalizers":["a","b","c"]}})",
     R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b"]}})",
     R"({"metadata":{"finalizers":["a","c"]}})"},
    {"the client's order holds, others stay near where they were",
     R"({"spec":{"containers":[{"name":"a"},{"name":"x"},{"name":"b"}]}})",
     R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"2"}]}})",
     R"({"spec":{"containers":[{"name":"x"},{"name":"b","image":"2"},{"name":"a"}]}})"},
    {"a union keeps only what it names", R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
     R"({"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/p"}}]}})",
     R"({"spec":{"volumes":[{"name":"v","hostPath":{"path":"/p"}}]}})"},
    {"a nested list is merged by its own key",
     R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"w"}]}]}})",
     R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81}]}]}})",
     R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"w","protocol":"TCP"},{"containerPort":81}]}]}})"},
    {"what is added carries no directives", R"({"spec":{}})",
     R"({"spec":{"containers":[{"name":"a","image":null,"$patch":"merge"}],"$setElementOrder/containers":[{"name":"a"}]}})",
     R"({"spec":{"containers":[{"name":"a"}]}})"},
};

const TypeSchema& pod() {
  const auto kinds = built_in_kinds();
  return *kinds->find(GroupVersion{"", "v1"}, "Pod")->type;
}

TEST_CASE("strategic_merge: lists, maps and directives", "[standalone]") {
  for (const Row& row : kRows) {
    INFO(row.what);
    const auto merged = strategic_merge(json::parse(row.original), json::parse(row.patch), pod());
    REQUIRE(merged.has_value());
    CHECK(merged->dump() == json::parse(row.wanted).dump());
  }
}

TEST_CASE("strategic_merge: says what is wrong with a patch", "[standalone]") {
  const json original = json::parse(R"({"spec":{"containers":[{"name":"a"}]}})");
  const auto no_key =
      strategic_merge(original, json::parse(R"({"spec":{"containers":[{"image":"x"}]}})"), pod());
  REQUIRE_FALSE(no_key.has_value());
  CHECK(no_key.error().what.find("does not contain declared merge key: name") != std::string::npos);
  const auto odd = strategic_merge(original, json::parse(R"({"spec":{"$patch":"fold"}})"), pod());
  REQUIRE_FALSE(odd.has_value());
  CHECK(odd.error().what == "unknown patch type: fold in map: map[$patch:fold]");
  CHECK_FALSE(strategic_merge(original, json::array(), pod()).has_value());
}

}  // namespace
}  // namespace skerry::standalone
