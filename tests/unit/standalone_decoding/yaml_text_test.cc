#include "cloudcore/standalone/decoding/yaml_text.h"

#include <random>

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json value_of(const std::string& text) {
  INFO(text);
  auto read = read_yaml(text);
  INFO((read ? "" : read.error().what));
  REQUIRE(read);
  return std::move(read->value);
}

std::string problem_of(const std::string& text) {
  INFO(text);
  const auto read = read_yaml(text);
  REQUIRE_FALSE(read);
  return read.error().what;
}

TEST_CASE("YAML: plain words mean what they mean to Kubernetes", "[standalone_decoding]") {
  struct Row {
    std::string text;
    json value;
  };
  const Row rows[] = {
      {"", nullptr},
      {"~", nullptr},
      {"null", nullptr},
      {"yes", true},
      {"y", true},
      {"On", true},
      {"TRUE", true},
      {"no", false},
      {"off", false},
      {"N", false},
      {"5", 5},
      {"-5", -5},
      {"+5", 5},
      {"0x1F", 31},
      {"010", 8},
      {"0o17", 15},
      {"0b11", 3},
      {"1_000", 1000},
      {"1.5", 1.5},
      {"1e3", 1000},
      {"-.5", -0.5},
      {"1:30", "1:30"},
      {"2020-01-01", "2020-01-01"},
      {"1.2.3", "1.2.3"},
      {"08", 8},
      {"0xg", "0xg"},
      {"100m", "100m"},
      {"yEs", "yEs"},
      {"nil", "nil"},
      {"\"5\"", "5"},
      {"'yes'", "yes"},
      {"!!str 5", "5"},
      {"!foo 5", "5"},
      {"!!int 5", 5},
      {"!!binary aGVsbG8=", "hello"},
      {"18446744073709551615", 18446744073709551615u},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
  };
  for (const Row& row : rows) CHECK(value_of("a: " + row.text) == json{{"a", row.value}});
}

TEST_CASE("YAML: documents as Kubernetes reads them", "[standalone_decoding]") {
  CHECK(value_of("") == nullptr);
  CHECK(value_of("%YAML 1.1\n---\na: 1\n---\nb: 2\n") == json{{"a", 1}});
  CHECK(value_of("a: |\n  x\n  y\nb: >-\n  x\n  y\n") == json{{"a", "x\ny\n"}, {"b", "x y"}});
  CHECK(value_of("{1: a, true: b, 1.5: c}") == json{{"1", "a"}, {"true", "b"}, {"1.5", "c"}});
  CHECK(value_of("a: &x {b: [1, &y two]}\nc: *x\nd: *y") ==
        json::parse(R"({"a":{"b":[1,"two"]},"c":{"b":[1,"two"]},"d":"two"})"));
  CHECK(value_of("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: {c: 4, <<: [{c: 5}, *x]}") ==
        json::parse(R"({"a":{"b":1,"c":2},"d":{"b":1,"c":3},"e":{"b":1,"c":4}})"));
}

TEST_CASE("YAML: a key that stands twice is told, and the last one counts",
          "[standalone_decoding]") {
  const auto read = read_yaml("metadata:\n  name: x\n  name: z\ndata:\n  a: b\n  a: c\n");
  REQUIRE(read);
  CHECK(read->value == json::parse(R"({"metadata":{"name":"z"},"data":{"a":"c"}})"));
  CHECK(read->duplicates == std::vector<std::string>{"line 3: key \"name\" already set in map",
                                                     "line 6: key \"a\" already set in map"});
}

TEST_CASE("YAML: what cannot be read says where", "[standalone_decoding]") {
  CHECK(problem_of("a: [").starts_with("yaml: line 1: "));
  CHECK(problem_of("a:\n b: c\n\td: e").starts_with("yaml: line 3: "));
  CHECK(problem_of("a: *x").starts_with("yaml: line 1: "));
  CHECK(problem_of("? [a]\n: b") == "yaml: line 1: invalid map key");
  CHECK(problem_of("{null: d}").starts_with("unsupported map key"));
  CHECK(problem_of("a: .inf") == "json: unsupported value: +Inf");
  CHECK(problem_of("a: &x [*x]").starts_with("yaml: line 1: "));
  CHECK(problem_of("a: {<<: 5}") ==
        "yaml: map merge requires map or sequence of maps as the value");
}

TEST_CASE("YAML: aliases of aliases and deep nesting end", "[standalone_decoding]") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    std::string items = last;
    for (int k = 0; k < 8; ++k) items += ", " + last;
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + items + "]\n";
  }
  CHECK(problem_of(bomb) == "yaml: document contains excessive aliasing");
  std::string texts = "a: &a \"" + std::string(1'000'000, 'x') + "\"\nb: [*a";
  for (int i = 0; i < 1000; ++i) texts += ", *a";
  CHECK(problem_of(texts + "]") == "yaml: document contains excessive aliasing");
  CHECK(problem_of(std::string(2000, '[')).starts_with("yaml: line 1: "));
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "[";
  for (int i = 0; i < 300; ++i) deep += "]";
  CHECK(problem_of(deep) == "yaml: line 1: exceeded max depth");
}

TEST_CASE("YAML: damaged text is an error or a value", "[standalone_decoding]") {
  const std::string text =
      "apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: \"x\"\n  labels: {a: b, <<: {c: d}}\n"
      "spec:\n  containers:\n  - name: c\n    args: [1, 'two', !!str 3]\n    env: *m\n";
  std::mt19937 random(20261124);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = text.substr(0, random() % (text.size() + 1));
    for (int k = 0; k < i % 3 && !damaged.empty(); ++k) {
      damaged[random() % damaged.size()] = "{}[]:,&*!|>'\"-? \n\t#%@x"[random() % 23];
    }
    const auto read = read_yaml(damaged);
    if (!read) CHECK_FALSE(read.error().what.empty());
  }
}

}  // namespace
}  // namespace skerry::standalone
