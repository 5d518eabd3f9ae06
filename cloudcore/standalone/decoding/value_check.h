// One value against one type, without what is in it. Pure. Internal to
// cloudcore/standalone/decoding.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

/// What Go's decoder says of it: either whole, or "cannot unmarshal GIVEN into ... of type WANTED".
struct Mismatch {
  std::string text;    // empty: of the two below
  std::string given;   // "number 1.5"
  std::string wanted;  // "int32", "[]v1.Container"
};
std::optional<Mismatch> mismatch_of(const nlohmann::json& value, const TypeSchema& type);

}  // namespace skerry::standalone
