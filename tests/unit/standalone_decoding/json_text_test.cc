#include "cloudcore/standalone/decoding/json_text.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

TEST_CASE("JSON: the value, and whether a key stands twice", "[standalone_decoding]") {
  const std::string text = R"({"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":18446744073709551615})";
  const auto read = read_json(text);
  REQUIRE(read);
  CHECK(read->value == nlohmann::json::parse(text));
  CHECK_FALSE(read->duplicates);

  const auto twice = read_json(R"({"a":{"b":1,"b":{"c":2}},"d":1})");
  REQUIRE(twice);
  CHECK(twice->duplicates);
  CHECK(twice->value == nlohmann::json::parse(R"({"a":{"b":{"c":2}},"d":1})"));
  CHECK(read_json("5")->value == 5);
}

TEST_CASE("JSON: what is wrong is said as Go says it", "[standalone_decoding]") {
  struct Row {
    std::string text;
    std::string problem;
  };
  const Row rows[] = {
      {"", "unexpected end of JSON input"},
      {"{", "unexpected end of JSON input"},
      {"{\"a\":\"b", "unexpected end of JSON input"},
      {"-", "unexpected end of JSON input"},
      {"x", "invalid character 'x' looking for beginning of value"},
      {"[,", "invalid character ',' looking for beginning of value"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"{\"a\":}", "invalid character '}' looking for beginning of value"},
      {"{'a':1}", "invalid character '\\'' looking for beginning of object key string"},
      {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
      {"{\"a\" 1}", "invalid character '1' after object key"},
      {"{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"},
      {"{\"a\":01}", "invalid character '1' after object key:value pair"},
      {"[1 2]", "invalid character '2' after array element"},
      {"{} x", "invalid character 'x' after top-level value"},
      {"[tru]", "invalid character ']' in literal true (expecting 'e')"},
      {"[nulL]", "invalid character 'L' in literal null (expecting 'l')"},
      {"[1.]", "invalid character ']' after decimal point in numeric literal"},
      {"[1e]", "invalid character ']' in exponent of numeric literal"},
      {"[-a]", "invalid character 'a' in numeric literal"},
      {"[\"\\q\"]", "invalid character 'q' in string escape code"},
      {"[\"\\u00g0\"]", "invalid character 'g' in \\u hexadecimal character escape"},
      {"[\"a\nb\"]", "invalid character '\\n' in string literal"},
      {"[\"\x01\"]", "invalid character '\\x01' in string literal"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto read = read_json(row.text);
    REQUIRE_FALSE(read);
    CHECK(read.error().what == row.problem);
  }
  CHECK_FALSE(read_json("[\"\xff\"]"));
  CHECK_FALSE(read_json("[1e999]"));
  for (const char* right :
       {"{}", "[]", " [ { } , [ ] ] ", R"({"a":{"b":[1,{"c":null}]},"d":""})"}) {
    INFO(right);
    CHECK(json_syntax_problem(right).empty());
  }
}

}  // namespace
}  // namespace skerry::standalone
