#include "cloudcore/standalone/protobuf/openapi_protobuf.h"

#include <initializer_list>

#include "cloudcore/standalone/protobuf/wire_reader.h"
#include "cloudcore/standalone/schema/openapi.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

/// The bytes of the first of each of these fields, each within the one before.
std::string_view at(std::string_view message, std::initializer_list<std::uint32_t> numbers) {
  for (const std::uint32_t number : numbers) {
    WireReader reader(message);
    bool found = false;
    while (const auto field = reader.next()) {
      if (found || field->number != number) continue;
      message = field->bytes;
      found = true;
    }
    INFO(number);
    REQUIRE_FALSE(reader.fails());
    REQUIRE(found);
  }
  return message;
}

TEST_CASE("OpenAPI protobuf: definitions and paths are where gnostic reads them",
          "[standalone_protobuf]") {
  const std::string bytes = openapi_v2_protobuf(R"({
      "swagger": "2.0", "info": {"title": "K", "version": "1"},
      "paths": {"/a": {"get": {"operationId": "listA", "x-kubernetes-action": "list",
                               "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/x"}}],
                               "responses": {"200": {"description": "OK"}}},
                       "parameters": [{"in": "query", "name": "q", "type": "string"}]}},
      "definitions": {"io.A": {"type": "object", "required": ["s"],
                               "properties": {"s": {"type": "array", "items": {"type": "string"}}},
                               "x-kubernetes-group-version-kind": [{"kind": "A"}]}}})");
  CHECK(at(bytes, {1}) == "2.0");
  CHECK(at(bytes, {2, 1}) == "K");
  const std::string_view path = at(bytes, {8, 2});
  CHECK(at(path, {1}) == "/a");
  CHECK(at(path, {2, 2, 5}) == "listA");
  CHECK(at(path, {2, 2, 13, 1}) == "x-kubernetes-action");
  CHECK(at(path, {2, 2, 13, 2, 2}) == "\"list\"");
  CHECK(at(path, {2, 2, 8, 1, 1, 5, 1}) == "#/x");
  CHECK(at(path, {2, 2, 9, 1, 2, 1, 1}) == "OK");
  CHECK(at(path, {2, 9, 1, 2, 3, 4}) == "q");
  const std::string_view definition = at(bytes, {9, 1});
  CHECK(at(definition, {1}) == "io.A");
  CHECK(at(definition, {2, 22, 1}) == "object");
  CHECK(at(definition, {2, 19}) == "s");
  CHECK(at(definition, {2, 25, 1, 2, 23, 1, 22, 1}) == "string");
  CHECK(at(definition, {2, 31, 2, 2}) == R"([{"kind":"A"}])");
}

TEST_CASE("OpenAPI protobuf: the whole document is a message", "[standalone_protobuf]") {
  const std::string bytes = openapi_v2_protobuf(openapi_v2_document(built_in_kinds()->rows));
  std::size_t definitions = 0;
  WireReader reader(at(bytes, {9}));
  while (reader.next()) ++definitions;
  CHECK_FALSE(reader.fails());
  CHECK(definitions > 400);
}

}  // namespace
}  // namespace skerry::standalone
