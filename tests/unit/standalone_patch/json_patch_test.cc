#include "cloudcore/standalone/patch/json_patch.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

struct Row {
  const char* what;
  const char* document;
  const char* patch;
  const char* wanted;  // empty: the patch does not fit
};

// What kube-apiserver 1.34 answers; where it differs from RFC 6902 the row says so.
const Row kRows[] = {
    {"add a member", R"({"a":{}})", R"([{"op":"add","path":"/a/b","value":1}])",
     R"({"a":{"b":1}})"},
    {"add without a value is null", R"({})", R"([{"op":"add","path":"/a"}])", R"({"a":null})"},
    {"add below nothing", R"({})", R"([{"op":"add","path":"/a/b","value":1}])", ""},
    {"add below a scalar", R"({"a":"x"})", R"([{"op":"add","path":"/a/b","value":1}])", ""},
    {"add to a list", R"({"l":[1,2]})",
     R"([{"op":"add","path":"/l/-","value":3},{"op":"add","path":"/l/0","value":0}])",
     R"({"l":[0,1,2,3]})"},
    {"a negative place counts from the end", R"({"l":[1,2]})",
     R"([{"op":"add","path":"/l/-1","value":3},{"op":"remove","path":"/l/-2"}])", R"({"l":[1,3]})"},
    {"add behind the end", R"({"l":[1]})", R"([{"op":"add","path":"/l/2","value":3}])", ""},
    {"remove what is not there", R"({})", R"([{"op":"remove","path":"/a"}])", ""},
    {"replace what is not there adds it", R"({"a":{}})",
     R"([{"op":"replace","path":"/a/b","value":1}])", R"({"a":{"b":1}})"},
    {"replace no item", R"({"l":[1]})", R"([{"op":"replace","path":"/l/4","value":1}])", ""},
    {"replace the document", R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":2}}])",
     R"({"b":2})"},
    {"test", R"({"a":1})", R"([{"op":"test","path":"/a","value":1}])", R"({"a":1})"},
    {"test fails", R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])", ""},
    {"test of null where nothing is", R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])",
     R"({"a":1})"},
    {"escapes", R"({"a/b":1,"c~d":2})",
     R"([{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/c~0d","value":3}])",
     R"({"c~d":3})"},
    {"move", R"({"a":1,"b":{}})", R"([{"op":"move","from":"/a","path":"/b/a"}])",
     R"({"b":{"a":1}})"},
    {"move what is not there", R"({"b":{}})", R"([{"op":"move","from":"/a","path":"/b/a"}])", ""},
    {"copy", R"({"a":[1],"b":{}})", R"([{"op":"copy","from":"/a","path":"/b/a"}])",
     R"({"a":[1],"b":{"a":[1]}})"},
    {"an unknown operation", R"({"a":1})", R"([{"op":"fold","path":"/a"}])", ""},
    {"no path", R"({"a":1})", R"([{"op":"add","value":1}])", ""},
    {"a path without its slash", R"({"a":1})", R"([{"op":"add","path":"a","value":1}])", ""},
    {"null is no operation", R"({"a":1})", "null", R"({"a":1})"},
};

TEST_CASE("json_patch: operations as kube-apiserver runs them", "[standalone]") {
  for (const Row& row : kRows) {
    INFO(row.what);
    const auto made = json_patch(json::parse(row.document), json::parse(row.patch));
    if (*row.wanted == '\0') {
      REQUIRE_FALSE(made.has_value());
      CHECK(made.error().code == Code::kConflict);
    } else {
      REQUIRE(made.has_value());
      CHECK(*made == json::parse(row.wanted));
    }
  }
}

TEST_CASE("json_patch: what is no patch, and what is too much of one", "[standalone]") {
  const auto object = json_patch(json::object(), json::object());
  REQUIRE_FALSE(object.has_value());
  CHECK(object.error().what ==
        "error decoding patch: json: cannot unmarshal object into Go value of type "
        "[]handlers.jsonPatchOp");
  json many = json::array();
  for (std::size_t i = 0; i <= kJsonPatchOperationsMax; ++i) {
    many.push_back({{"op", "test"}, {"path", "/a"}, {"value", nullptr}});
  }
  const auto over = json_patch(json::object(), many);
  REQUIRE_FALSE(over.has_value());
  CHECK(over.error().code == Code::kTooLarge);
  many.erase(0);
  CHECK(json_patch(json::object(), many).has_value());
}

TEST_CASE("merge_patch: an object, nothing else", "[standalone]") {
  const auto made =
      merge_patch(json::parse(R"({"a":{"b":1,"c":2}})"), json::parse(R"({"a":{"b":null,"d":3}})"));
  REQUIRE(made.has_value());
  CHECK(*made == json::parse(R"({"a":{"c":2,"d":3}})"));
  CHECK(merge_patch(json::object(), nullptr).error().what == "Invalid JSON Patch");
  CHECK_FALSE(merge_patch(json::object(), json::array()).has_value());
}

}  // namespace
}  // namespace skerry::standalone
