// One type as the schema object of an OpenAPI document. A type with a name is referred to, one
// without is written where it stands.
//
// Pure; any thread. Named types are those of built_in_kinds(). Source: kube-openapi; for what version
// 2 lacks, apiextensions-apiserver's ToStructuralOpenAPIV2. Internal to cloudcore/standalone/schema.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

enum class OpenApi : std::uint8_t { kV2, kV3 };

/// The type written out, also when it has a name.
nlohmann::json schema_object(const TypeSchema& type, OpenApi version);

/// {"$ref": ..} of a component or definition.
nlohmann::json schema_reference(const std::string& name, OpenApi version);

/// Adds the names of the built-in types that `type` needs, its own included.
void collect_names(const TypeSchema& type, std::set<std::string>& into);

}  // namespace skerry::standalone
