#include "cloudcore/standalone/protobuf/kubernetes_protobuf.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "cloudcore/standalone/protobuf/own_forms.h"
#include "common/base/base64.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

/// Bodies with the JSON that Kubernetes' own types make of them. SKERRY_BODIES names another file:
/// all kinds with all fields, when a new version of Kubernetes is looked at.
json recorded() {
  const char* other = std::getenv("SKERRY_BODIES");
  std::ifstream in(other != nullptr ? other : "tests/unit/standalone_protobuf/bodies.json");
  REQUIRE(in);
  return json::parse(in);
}

std::string bytes_of(const json& entry) {
  auto bytes = decode_base64(entry["body"].get<std::string>());
  REQUIRE(bytes);
  return std::move(*bytes);
}

/// Null and absent are the same to the API.
void drop_nulls(json& value) {
  if (value.is_object()) {
    for (auto at = value.begin(); at != value.end();) {
      drop_nulls(*at);
      at = at->is_null() ? value.erase(at) : std::next(at);
    }
  } else if (value.is_array()) {
    for (json& item : value) drop_nulls(item);
  }
}

/// "k8s\0" and a runtime.Unknown around a message of core/v1.
std::string wrapped(const std::string& kind, const std::string& message) {
  const std::string type = "\x0a\x02v1\x12" + std::string(1, char(kind.size())) + kind;
  return std::string("k8s\0\x0a", 5) + char(type.size()) + type + "\x12" + char(message.size()) +
         message;
}

Code code_of(std::string_view body) {
  const auto decoded = decode_protobuf(body, *built_in_kinds());
  REQUIRE_FALSE(decoded);
  return decoded.error().code;
}

TEST_CASE("Protobuf: what clients sent is the JSON that they meant", "[standalone_protobuf]") {
  std::size_t compared = 0;
  for (const json& entry : recorded()) {
    auto decoded = decode_protobuf(bytes_of(entry), *built_in_kinds());
    if (!decoded && decoded.error().code == Code::kNotFound) continue;
    INFO(entry["name"]);
    INFO((decoded ? "" : decoded.error().what));
    REQUIRE(decoded);
    json expected = entry["json"];
    drop_nulls(expected);
    drop_nulls(*decoded);
    CHECK(json::diff(*decoded, expected) == json::array());
    ++compared;
  }
  CHECK(compared >= 15);
}

TEST_CASE("Protobuf: a body cut anywhere is an error or an object, never more",
          "[standalone_protobuf]") {
  for (const json& entry : recorded()) {
    const std::string body = bytes_of(entry);
    for (std::size_t size = 0; size < std::min<std::size_t>(body.size(), 600); ++size) {
      const std::string cut = body.substr(0, size);  // its own memory: a read beyond it is seen
      const auto decoded = decode_protobuf(cut, *built_in_kinds());
      if (decoded) CHECK(decoded->is_object());
    }
  }
}

TEST_CASE("Protobuf: damaged bytes are an error or an object that can be written",
          "[standalone_protobuf]") {
  std::mt19937 random(20261124);
  const json all = recorded();
  for (int i = 0; i < 3000; ++i) {
    std::string body = bytes_of(all[random() % all.size()]);
    for (int k = 0; k < 1 + i % 4; ++k) body[4 + random() % (body.size() - 4)] = char(random());
    const auto decoded = decode_protobuf(body, *built_in_kinds());
    if (decoded) CHECK_NOTHROW(decoded->dump());
  }
}

TEST_CASE("Protobuf: what is no such body says so", "[standalone_protobuf]") {
  CHECK(code_of("") == Code::kMalformed);
  CHECK(code_of("{\"kind\":\"Pod\"}") == Code::kMalformed);
  CHECK(code_of(std::string("k8s\0", 4)) == Code::kMalformed);  // no kind
  CHECK(code_of(wrapped("Toaster", "")) == Code::kNotFound);
  CHECK(code_of(wrapped("ConfigMap", "\x0a\x7f")) == Code::kMalformed);  // longer than it is
  CHECK(code_of(wrapped("ConfigMap", "\x08\x01")) == Code::kMalformed);  // metadata, a number
  CHECK(code_of(wrapped("ConfigMap", "\x0a\x03\x0a\x01\xff")) == Code::kMalformed);  // no UTF-8
  CHECK(code_of(wrapped("ConfigMap", "\x0b")) == Code::kMalformed);                  // a group
}

TEST_CASE("Protobuf: zero values are there where Kubernetes writes them", "[standalone_protobuf]") {
  // metadata {name: "a", generateName: ""}, immutable: false (a pointer), an unknown field 15.
  const auto decoded = decode_protobuf(wrapped("ConfigMap", std::string("\x0a\x05\x0a\x01"
                                                                        "a\x12\x00\x20\x00\x78\x01",
                                                                        11)),
                                       *built_in_kinds());
  REQUIRE(decoded);
  CHECK(*decoded == json::parse(R"({"apiVersion":"v1","kind":"ConfigMap",
                                   "metadata":{"name":"a"},"immutable":false})"));
}

TEST_CASE("Protobuf: a schema within schemas has an end", "[standalone_protobuf]") {
  const auto field = [](const std::string& tag, const std::string& bytes) {
    std::string length;
    for (std::size_t rest = bytes.size(); rest != 0; rest >>= 7) {
      length += char((rest & 0x7f) | (rest >> 7 != 0 ? 0x80 : 0));
    }
    return tag + length + bytes;
  };
  std::string deep = field("\x2a", "object");
  for (int i = 0; i < kProtobufDepthMax; ++i) deep = field("\xe2\x01", deep);  // `not`
  // spec.versions[0].schema.openAPIV3Schema
  const std::string message = field("\x12", field("\x3a", field("\x22", field("\x0a", deep))));
  const std::string type =
      "\x0a\x17"
      "apiextensions.k8s.io/v1\x12\x18"
      "CustomResourceDefinition";
  const std::string body = std::string("k8s\0", 4) + field("\x0a", type) + field("\x12", message);
  CHECK(code_of(body) == Code::kTooLarge);
}

TEST_CASE("Protobuf: UTF-8 is told from bytes that are none", "[standalone_protobuf]") {
  CHECK(is_utf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const char* wrong : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                            "\xc3", "\xe2\x82", "a\x80"}) {
    CHECK_FALSE(is_utf8(wrong));
  }
}

}  // namespace
}  // namespace skerry::standalone
