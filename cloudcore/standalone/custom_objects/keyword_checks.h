// The keywords of a schema besides its type: limits of numbers, texts, lists and objects, enum,
// format, and allOf, anyOf, oneOf, not with what is nested in them.
//
// Pure; any thread. Internal to custom_objects. Source:
// k8s.io/kube-openapi/pkg/validation/validate.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

/// allOf, anyOf, oneOf, not of `schema`.
void check_logic(const nlohmann::json& value,
                 const nlohmann::json& schema,
                 const std::string& path,
                 FieldErrors& errors);
/// Those for which the value has the right type.
void check_limits(const nlohmann::json& value,
                  const nlohmann::json& schema,
                  const std::string& path,
                  FieldErrors& errors);
void check_format(const nlohmann::json& value,
                  const std::string& format,
                  const std::string& path,
                  FieldErrors& errors);
void check_enum(const nlohmann::json& value,
                const std::vector<nlohmann::json>& allowed,
                const std::string& path,
                FieldErrors& errors);
void require_member(const nlohmann::json& object,
                    const std::string& name,
                    const std::string& path,
                    FieldErrors& errors);

/// "spec" and "a" -> "spec.a".
std::string member_path(const std::string& path, const std::string& name);
std::string item_path(const std::string& path, std::size_t index);
/// "integer", "number", "string", "boolean", "array", "object", "null".
const char* json_type(const nlohmann::json& value);
/// "<path> in body must be of type integer: "string"".
void wrong_type(const nlohmann::json& shown,
                const std::string& wanted,
                const std::string& path,
                FieldErrors& errors);

}  // namespace skerry::standalone
