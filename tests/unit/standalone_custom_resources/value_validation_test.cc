// What is wrong with a custom object, in the words that kube-apiserver 1.34.4 gave for the same
// one.
#include "cloudcore/standalone/custom_objects/value_validation.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/custom_objects/formats.h"
#include "cloudcore/standalone/custom_objects/pattern.h"
#include "cloudcore/standalone/schema/pruning.h"
#include "cloudcore/standalone/schema/structural_schema.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

/// The schema of `x`, a field of an object.
std::shared_ptr<const OwnedSchema> schema_of_x(const std::string& x) {
  const json schema = {{"type", "object"}, {"properties", {{"x", json::parse(x)}}}};
  const auto built = structural_schema(schema);
  REQUIRE(built.has_value());
  return *built;
}

std::string joined(const FieldErrors& errors) {
  std::string out;
  for (const FieldError& each : errors) out += (out.empty() ? "" : " | ") + each.text();
  return out;
}

std::string wrong(const std::string& schema, const std::string& value, const char* old = nullptr) {
  const auto owned = schema_of_x(schema);
  const json object = {{"x", json::parse(value)}};
  const json former = old == nullptr ? json() : json{{"x", json::parse(old)}};
  FieldErrors errors = validate_value(object, old == nullptr ? nullptr : &former, *owned->root);
  for (const FieldError& each : validate_lists(object, *owned->root)) errors.push_back(each);
  for (const FieldError& each : validate_embedded(object, *owned->root)) errors.push_back(each);
  return joined(errors);
}

struct Row {
  const char* schema;
  const char* value;
  const char* wanted;
};

TEST_CASE("validate_value: what each keyword says", "[standalone_custom_resources]") {
  const Row rows[] = {
      {R"({"type":"string"})", "5",
       R"(x: Invalid value: "integer": x in body must be of type string: "integer")"},
      {R"({"type":"integer"})", "1.5",
       R"(x: Invalid value: "number": x in body must be of type integer: "number")"},
      {R"({"type":"integer"})", "2.0", ""},
      {R"({"type":"integer"})", "9223372036854775808",
       R"(x: Invalid value: "number": x in body must be of type integer: "number")"},
      {R"({"type":"number"})", "3", ""},
      {R"({"x-kubernetes-int-or-string":true})", R"("80%")", ""},
      {R"({"x-kubernetes-int-or-string":true})", "{}",
       R"(x: Invalid value: "object": x in body must be of type integer,string: "object")"},
      {R"({"type":"string","pattern":"^a+$"})", R"("b")",
       R"(x: Invalid value: "b": x in body should match '^a+$')"},
      {R"({"type":"string","minLength":1})", R"("")",
       R"(x: Invalid value: "": x in body should be at least 1 chars long)"},
      {R"({"type":"string","maxLength":2})", R"("äö")", ""},
      {R"({"type":"string","maxLength":2})", R"("abc")",
       "x: Too long: may not be more than 2 bytes"},
      {R"({"type":"integer","minimum":1})", "0",
       "x: Invalid value: 0: x in body should be greater than or equal to 1"},
      {R"({"type":"number","maximum":1,"exclusiveMaximum":true})", "1",
       "x: Invalid value: 1: x in body should be less than 1"},
      {R"({"type":"number","multipleOf":0.5})", "0.7",
       "x: Invalid value: 0.7: x in body should be a multiple of 0.5"},
      {R"({"type":"string","enum":["b","a"]})", R"("c")",
       R"(x: Unsupported value: "c": supported values: "b", "a")"},
      {R"({"type":"integer","enum":[1,2]})", "3",
       R"(x: Unsupported value: 3: supported values: "1", "2")"},
      {R"({"type":"string","format":"date-time"})", R"("now")",
       R"(x: Invalid value: "now": x in body must be of type date-time: "now")"},
      {R"({"type":"array","items":{"type":"string"},"minItems":1})", "[]",
       "x: Invalid value: 0: x in body should have at least 1 items"},
      {R"({"type":"array","items":{"type":"string"},"maxItems":1})", R"(["a","b"])",
       "x: Too many: 2: must have at most 1 items"},
      {R"({"type":"array","items":{"type":"string"}})", R"(["a",null])",
       R"(x[1]: Invalid value: "null": x[1] in body must be of type string: "null")"},
      {R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"})",
       R"(["a","b","a"])", R"(x[2]: Duplicate value: "a")"},
      {R"({"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["n"],
           "items":{"type":"object","required":["n"],"properties":{"n":{"type":"string"}}}})",
       R"([{"n":"a"},{"n":"a"}])", R"(x[1]: Duplicate value: {"n":"a"})"},
      {R"({"type":"object","additionalProperties":{"type":"string"},"maxProperties":1})",
       R"({"a":"1","b":"2"})", "x: Too many: 2: must have at most 1 items"},
      {R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"}}})", "{}",
       "x.a: Required value"},
      {R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},
           "oneOf":[{"required":["a"]},{"required":["b"]}]})",
       "{}",
       "<nil>: Invalid value: \"\": \"x\" must validate one and only one schema (oneOf). Found "
       "none valid | x.a: Required value"},
      {R"({"type":"string","anyOf":[{"minLength":5},{"enum":["a"]}]})", R"("b")",
       "<nil>: Invalid value: \"\": \"x\" must validate at least one schema (anyOf) | x: Invalid "
       "value: \"b\": x in body should be at least 5 chars long"},
      {R"({"type":"string","allOf":[{"minLength":5},{"pattern":"^z"}]})", R"("a")",
       "x: Invalid value: \"a\": x in body should be at least 5 chars long | x: Invalid value: "
       "\"a\": x in body should match '^z' | <nil>: Invalid value: \"\": \"x\" must validate all "
       "the schemas (allOf). None validated"},
      {R"({"type":"string","not":{"enum":["bad"]}})", R"("bad")",
       "<nil>: Invalid value: \"\": \"x\" must not validate the schema (not)"},
      {R"({"type":"object","x-kubernetes-embedded-resource":true,
           "x-kubernetes-preserve-unknown-fields":true})",
       R"({"kind":"Pod"})", "x.apiVersion: Required value"},
  };
  for (const Row& row : rows) {
    INFO(row.schema << " " << row.value);
    CHECK(wrong(row.schema, row.value) == row.wanted);
  }
}

TEST_CASE("validate_value: what an update leaves as it was is not complained about",
          "[standalone_custom_resources]") {
  const char* const schema =
      R"({"type":"object","properties":{"a":{"type":"string","maxLength":1},"b":{"type":"integer"}}})";
  CHECK(wrong(schema, R"({"a":"long","b":2})", R"({"a":"long","b":1})").empty());
  CHECK(wrong(schema, R"({"a":"other","b":2})", R"({"a":"long","b":1})") ==
        "x.a: Too long: may not be more than 1 bytes");
}

TEST_CASE("prune and set_defaults: what goes, what comes", "[standalone_custom_resources]") {
  struct Case {
    const char* schema;
    const char* value;
    const char* wanted;
    const char* dropped;
  };
  const Case cases[] = {
      {R"({"type":"object","properties":{"a":{"type":"integer","default":3}}})", R"({"z":1})",
       R"({"a":3})", "x.z "},
      {R"({"type":"object","properties":{"a":{"type":"string","default":"d"},
           "n":{"type":"string","nullable":true},"m":{"type":"string"}}})",
       R"({"a":null,"n":null,"m":null})", R"({"a":"d","n":null})", ""},
      {R"({"type":"object","additionalProperties":{"type":"object","properties":
           {"a":{"type":"integer","default":3}}}})",
       R"({"k":{},"l":null,"m":{"b":1}})", R"({"k":{"a":3},"m":{"a":3}})", "x.m.b "},
      {R"({"type":"array","items":{"type":"string"}})", R"([{"a":1}])", "[{}]", "x[0].a "},
      {R"({"type":"array","items":{"type":"string"}})", R"({"a":1})", "{}", "x.a "},
      {R"({"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":
           {"a":{"type":"object","properties":{}}}})",
       R"({"b":{"c":null},"a":{"d":1}})", R"({"a":{},"b":{"c":null}})", "x.a.d "},
  };
  for (const Case& each : cases) {
    INFO(each.schema << " " << each.value);
    const auto owned = schema_of_x(each.schema);
    json object = {{"x", json::parse(each.value)}};
    std::string dropped;
    for (const std::string& path : prune(object, *owned->root)) dropped += path + " ";
    set_defaults(object, *owned->root);
    CHECK(object["x"] == json::parse(each.wanted));
    CHECK(dropped == each.dropped);
  }
}

TEST_CASE("Pattern: Go's words for what is no pattern; no text takes long",
          "[standalone_custom_resources]") {
  CHECK(Pattern::compile("([").error().what == "error parsing regexp: missing closing ]: `[`");
  CHECK(Pattern::compile("(?=a)b").error().what ==
        "error parsing regexp: invalid or unsupported Perl syntax: `(?=`");
  CHECK(Pattern::compile(std::string(kPatternBytesMax + 1, 'a')).error().code == Code::kMalformed);
  const auto nested = Pattern::compile("^(a+)+$");  // a backtracking engine takes for ever
  REQUIRE(nested.has_value());
  CHECK_FALSE(nested->matches(std::string(100'000, 'a') + "b"));
}

TEST_CASE("has_format: as kube-apiserver 1.34.4 answered", "[standalone_custom_resources]") {
  struct Case {
    const char* format;
    const char* good;
    const char* bad;
  };
  const Case cases[] = {
      {"uri", "http://x", "x"},
      {"uri", "/x", "http://a b"},
      {"uri", "mailto:a", "http://%zz"},
      {"email", "A <a@b.c>", "a@"},
      {"duration", "3 days", "1"},
      {"duration", "1h30m", "1y"},
      {"hostname", "x-", "a.b"},
      {"hostname", "www.example", "1.2"},
      {"date-time", "2026-01-01t00:00:00.1+01:00", "2026-01-01 00:00:00Z"},
      {"mac", "aabb.ccdd.eeff", "zz"},
      {"uuid", "6b5ec359f5f144a09430f8ff260cad35", "x"},
      {"byte", "YQ==", "YQ"},
      {"ipv4", "01.2.3.4", "300.1.1.1"},
      {"ipv6", "::ffff:1.2.3.4", "1.2.3.4"},
      {"cidr", "::/0", "1.2.3.4/33"},
      {"date", "2024-02-29", "2023-02-29"},
      {"hexcolor", "fff", "#ffff"},
  };
  for (const Case& each : cases) {
    INFO(each.format << " " << each.good << " " << each.bad);
    CHECK(has_format(each.good, each.format));
    CHECK_FALSE(has_format(each.bad, each.format));
  }
  CHECK(has_format("anything", "nobody-knows"));
  CHECK_FALSE(is_known_format("nobody-knows"));
}

}  // namespace
}  // namespace skerry::standalone
