#include "common/k8s/json_fields.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::k8s::fields;

TEST_CASE("JsonFields: what is absent or of another type reads as the default", "[k8s]") {
  const Json other = Json::parse(R"({"a":[1],"b":null,"c":{"d":1}})");
  for (const Json& object : {other, Json(), Json("text"), Json::array({1})}) {
    CAPTURE(object.dump());
    for (const char* key : {"a", "b", "absent"}) {
      CHECK(text(object, key, "x") == "x");
      CHECK(flag(object, key, true));
      CHECK_FALSE(number(object, key));
      CHECK(small_number(object, key, 7) == 7);
      CHECK(k8s::fields::object(object, key).is_object());
      CHECK(time(object, key) == WallTime{});
      CHECK(text_map(object, key).empty());
    }
    CHECK(list(object, "c").is_array());
    CHECK(texts(object, "c").empty());
  }
}

TEST_CASE("JsonFields: values", "[k8s]") {
  const Json object = Json::parse(
      R"({"t":"x","f":true,"n":-3,"l":["a",1,"b"],"m":{"k":"v","n":1.0},"o":{"t":"y"},
          "at":"1970-01-01T00:00:01Z"})");
  CHECK(text(object, "t") == "x");
  CHECK(flag(object, "f"));
  CHECK(number(object, "n") == -3);
  CHECK(seconds(object, "n", 0) == std::chrono::seconds(-3));
  CHECK(texts(object, "l") == std::vector<std::string>{"a", "b"});
  CHECK(text_map(object, "m").at("n") == "1.0");
  CHECK(text(at(object, "o"), "t") == "y");
  CHECK(time(object, "at") == WallTime(std::chrono::seconds(1)));
}

TEST_CASE("JsonFields: a number is a whole one within 64 bits", "[k8s]") {
  const Json object = Json::parse(
      R"({"big":9223372036854775807,"over":9223372036854775808,"part":1.5,"huge":1e30})");
  CHECK(number(object, "big") == std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(number(object, "over"));
  CHECK_FALSE(number(object, "part"));
  CHECK_FALSE(number(object, "huge"));
}
