// The types whose protobuf is not that of their JSON: times, quantities, numbers or strings, and
// JSON within protobuf.
//
// Pure. Errors: kMalformed, kTooLarge. Source: the messages Quantity, IntOrString, Timestamp,
// RawExtension, FieldsV1 and JSON of k8s.io/apimachinery and k8s.io/apiextensions-apiserver.
// Internal to cloudcore/standalone/protobuf.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "cloudcore/standalone/schema/type_schema.h"
#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::string_view kSchemaType =
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/// What stands where a schema might: JSONSchemaPropsOr...
struct SchemaUnion {
  enum class Else : std::uint8_t { kSchemas, kBool, kStrings };
};
std::optional<SchemaUnion::Else> schema_union_of(const TypeSchema& type);

bool has_own_form(const TypeSchema& type);
/// Of a type that has one and is no schema union.
Result<nlohmann::json> decode_own_form(std::string_view bytes, const TypeSchema& type);

bool is_utf8(std::string_view text);

}  // namespace skerry::standalone
