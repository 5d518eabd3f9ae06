#include "cloudcore/standalone/api/decode.h"

#include "common/base/base64.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

const KindRow& row_of(const char* kind) { return *built_in_kinds()->find({"", "v1"}, kind); }

Answer<DecodedObject> decoded(const std::string& body,
                              const std::string& type = "application/json",
                              const char* kind = "ConfigMap") {
  ApiRequest request;
  request.content_type = type;
  request.body = body;
  return decode_object(request, row_of(kind));
}

std::string problem(const std::string& body, const std::string& type = "application/json") {
  INFO(body);
  const auto out = decoded(body, type);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == 400);
  return out.error().message;
}

/// "ConfigMap a" with data {k: v}, as kubectl's protobuf.
std::string protobuf_body() {
  return *decode_base64("azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhsKEQoBYRIAGgAiACoAMgA4AEIAEgYKAWsSAXYaACIA");
}

TEST_CASE("Bodies: JSON, YAML and protobuf are the same object", "[standalone]") {
  const json expected = json::parse(
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"k":"v"}})");
  CHECK(decoded(expected.dump())->object == expected);
  CHECK(decoded(R"({"metadata":{"name":"a"},"data":{"k":"v"}})")->object == expected);
  CHECK(decoded("metadata: {name: a}\ndata: {k: v}\n", "application/yaml")->object == expected);
  CHECK(decoded(protobuf_body(), "application/vnd.kubernetes.protobuf")->object == expected);
  CHECK(*decode_body("application/apply-patch+yaml", "metadata: {name: a}", "") ==
        json::parse(R"({"metadata":{"name":"a"}})"));
  CHECK(*decode_body("application/apply-patch+yaml", R"({"a":"no"})", "") == json{{"a", "no"}});
}

TEST_CASE("Bodies: what is no object of the kind says so", "[standalone]") {
  const std::string begin = "the object provided is unrecognized (must be of type ConfigMap): ";
  const std::string json_begin = begin + "couldn't get version/kind; json parse error: ";
  CHECK(problem("") == json_begin + "unexpected end of JSON input (<empty>)");
  CHECK(problem("x") == json_begin + "invalid character 'x' looking for beginning of value (78)");
  CHECK(
      problem(R"({"metadata":{"name":"x"},"data":{"a":"b",}})") ==
      json_begin +
          R"(invalid character '}' looking for beginning of object key string ({"metadata":{"name":"x"},"data ...))");
  CHECK(
      problem(R"({"kind":5})") ==
      json_begin +
          R"(json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5}))");
  CHECK(problem("a: [", "application/yaml").starts_with(begin + "yaml: line 1: "));
  CHECK(problem("x", "application/vnd.kubernetes.protobuf").starts_with(begin + "provided data"));
  CHECK(problem(R"({"kind":"Pod"})") ==
        "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to "
        "(core.ConfigMap): unknown conversion");
  CHECK(problem(R"({"kind":"Foo"})") ==
        "Foo in version \"v1\" cannot be handled as a ConfigMap: no kind \"Foo\" is registered for "
        "version \"v1\" in scheme \"pkg/runtime/scheme.go:110\"");
  CHECK(
      problem(R"({"data":{"a":1}})") ==
      "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number "
      "into Go struct field ConfigMap.data of type string");
  CHECK(problem(std::string(600, '[')).find("max depth") != std::string::npos);
  const auto refused = decoded("{}", "text/plain");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == 415);
}

TEST_CASE("Bodies: what a strict client does not want is told", "[standalone]") {
  using Strings = std::vector<std::string>;
  CHECK(decoded(R"({"metadata":{"name":"a","foo":1,"name":"b"}})")->strict ==
        Strings{"unknown field \"metadata.foo\"", "duplicate field \"metadata.name\""});
  CHECK(decoded("metadata:\n  name: a\n  name: b\n  foo: 1\n", "application/yaml")->strict ==
        Strings{"line 3: key \"name\" already set in map", "unknown field \"metadata.foo\""});
  CHECK(decoded(R"({"metadata":{"name":"a"}})")->strict.empty());
  const auto wrong = field_validation("Foo", "CreateOptions");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == 422);
  CHECK(wrong.error().message ==
        "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Foo\": "
        "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
}

}  // namespace
}  // namespace skerry::standalone
