// Cuts JSON at its outer level without decoding what is inside. A page of 500 pods becomes 500
// slices; each is parsed once, by k8s::make_object, at its own border.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::kube {

struct JsonMember {
  std::string_view key;    // between the quotes, escapes as written
  std::string_view value;  // without surrounding space
};

/// Pure. The slices point into the input. What is nested is checked for balance and depth
/// (kJsonDepthMax) only: its own parser judges it. Errors: kMalformed.
Result<std::vector<JsonMember>> json_members(std::string_view object);
Result<std::vector<std::string_view>> json_elements(std::string_view array);

/// The value of `key`; empty when absent. The last one wins, as in every parser here.
std::string_view json_value(const std::vector<JsonMember>& members, std::string_view key);
/// The text of a string value without escapes in it; empty for anything else.
std::string_view json_plain_string(std::string_view value);

}  // namespace skerry::kube
