#include "cloudcore/standalone/patch/field_set.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json set(const char* text) { return text[0] == '\0' ? json() : json::parse(text); }

struct Row {
  const char* what;
  const char* a;
  const char* b;
  const char* united;
  const char* without;  // a without b
  const char* whole;    // a without all of b
  const char* both;
};

const Row kRows[] = {
    {"equal sets", R"({"f:a":{}})", R"({"f:a":{}})", R"({"f:a":{}})", "", "", R"({"f:a":{}})"},
    {"different sets", R"({"f:a":{}})", R"({"f:b":{}})", R"({"f:a":{},"f:b":{}})", R"({"f:a":{}})",
     R"({"f:a":{}})", ""},
    {"a member is not what lies below it", R"({"f:a":{".":{},"f:x":{}}})", R"({"f:a":{}})",
     R"({"f:a":{".":{},"f:x":{}}})", R"({"f:a":{"f:x":{}}})", "", R"({"f:a":{}})"},
    {"what lies below is not the member", R"({"f:a":{}})", R"({"f:a":{"f:x":{}}})",
     R"({"f:a":{".":{},"f:x":{}}})", R"({"f:a":{}})", R"({"f:a":{}})", ""},
    {"items of lists", R"({"f:l":{"k:{\"n\":1}":{".":{},"f:v":{}},"v:\"x\"":{}}})",
     R"({"f:l":{"k:{\"n\":1}":{"f:v":{}}}})",
     R"({"f:l":{"k:{\"n\":1}":{".":{},"f:v":{}},"v:\"x\"":{}}})",
     R"({"f:l":{"k:{\"n\":1}":{},"v:\"x\"":{}}})", R"({"f:l":{"k:{\"n\":1}":{},"v:\"x\"":{}}})",
     R"({"f:l":{"k:{\"n\":1}":{"f:v":{}}}})"},
    {"the empty set", "", R"({"f:a":{}})", R"({"f:a":{}})", "", "", ""},
};

TEST_CASE("FieldSet: unions, differences, intersections", "[standalone]") {
  for (const Row& row : kRows) {
    INFO(row.what);
    json united = set(row.a);
    unite(united, set(row.b));
    CHECK(united == set(row.united));
    json without = set(row.a);
    subtract(without, set(row.b));
    CHECK(without == set(row.without));
    json whole = set(row.a);
    subtract_whole(whole, set(row.b));
    CHECK(whole == set(row.whole));
    CHECK(intersection(set(row.a), set(row.b)) == set(row.both));
  }
}

TEST_CASE("FieldSet: paths as Kubernetes writes them", "[standalone]") {
  const json all = set(R"({"f:spec":{"f:containers":{"k:{\"name\":\"x\",\"port\":1}":{".":{},
      "f:image":{}}},"f:replicas":{}},"f:metadata":{"f:finalizers":{"v:\"a/b\"":{}}}})");
  const std::vector<std::string> wanted = {R"(.metadata.finalizers[="a/b"])", ".spec.replicas",
                                           R"(.spec.containers[name="x",port=1])",
                                           R"(.spec.containers[name="x",port=1].image)"};
  CHECK(field_paths(all) == wanted);
}

TEST_CASE("FieldSet: what a client sends is checked", "[standalone]") {
  CHECK(is_field_set(set(R"({"f:a":{".":{},"k:{}":{},"v:1":{},"i:0":{}}})")));
  CHECK_FALSE(is_field_set(set(R"({"a":{}})")));
  CHECK_FALSE(is_field_set(set(R"({"f:a":1})")));
  CHECK_FALSE(is_field_set(set(R"([])")));
  json deep = json::object();
  for (int i = 0; i < 2 * kFieldSetDepthMax; ++i) deep = json{{"f:a", std::move(deep)}};
  CHECK_FALSE(is_field_set(deep));
}

}  // namespace
}  // namespace skerry::standalone
