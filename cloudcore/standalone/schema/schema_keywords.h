// Reads the keywords of a JSON schema that somebody wrote, besides common/k8s/json_fields.h: one that
// is absent, null or of a wrong type reads as not set. `malformed_keywords` finds the latter.
//
// Pure; any thread. Source: apiextensions.k8s.io/v1 JSONSchemaProps. Internal to
// cloudcore/standalone/schema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::standalone {

/// The member; nullptr when it is absent or null.
const nlohmann::json* keyword(const nlohmann::json& schema, std::string_view name);
/// The member when it is a schema: an object.
const nlohmann::json* schema_keyword(const nlohmann::json& schema, std::string_view name);

struct MalformedKeyword {
  std::string name;
  std::string expected;  // "a string"
};
std::vector<MalformedKeyword> malformed_keywords(const nlohmann::json& schema);

}  // namespace skerry::standalone
