// What a plain scalar of YAML means. Pure. Source: go-yaml 2's resolution, as behaviour.
// Internal to cloudcore/standalone/decoding.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace skerry::standalone {

/// null, a boolean, a number or the text itself. Nothing: a number that JSON has none of (.inf).
std::optional<nlohmann::json> plain_scalar(const std::string& text);

}  // namespace skerry::standalone
