#include "edgecore/edged/object_data.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("ObjectData: a secret's data is decoded, a configmap's taken as it is", "[edged]") {
  const auto secret =
      parse_object_data(k8s::Kind::kSecret, R"({"type":"Opaque","data":{"k":"TWFu"}})");
  REQUIRE(secret);
  CHECK((*secret)->data.at("k") == "Man");
  CHECK((*secret)->type == "Opaque");
  const auto map = parse_object_data(k8s::Kind::kConfigMap,
                                     R"({"data":{"k":"TWFu"},"binaryData":{"b":"TWFu"}})");
  REQUIRE(map);
  CHECK((*map)->data.at("k") == "TWFu");
  CHECK((*map)->binary.at("b") == "Man");
  CHECK((*parse_object_data(k8s::Kind::kConfigMap, R"({"data":null})"))->data.empty());
}

TEST_CASE("ObjectData: damage is refused without showing a value", "[edged]") {
  for (const char* json :
       {"", "[]", R"({"data":[]})", R"({"data":{"k":7}})", R"({"data":{"k":"s3cret!"}})"}) {
    INFO(json);
    const auto parsed = parse_object_data(k8s::Kind::kSecret, json);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::kMalformed);
    CHECK(parsed.error().what.find("s3cret") == std::string::npos);
  }
}
