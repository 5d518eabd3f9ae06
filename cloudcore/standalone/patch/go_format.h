// Values as Go's fmt prints them: some of Kubernetes' errors show an object that way. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace skerry::standalone {

/// %v: "map[a:1 b:[x y]]"
std::string go_value(const nlohmann::json& value);
/// %#v: `[]interface {}{"x"}`
std::string go_syntax(const nlohmann::json& value);
/// %T of a decoded value: "string", "map[string]interface {}"
std::string go_type(const nlohmann::json& value);

}  // namespace skerry::standalone
