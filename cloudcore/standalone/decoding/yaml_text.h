// YAML that somebody sent, as the JSON that Kubernetes reads it as: YAML 1.1's words for true and
// false, octal numbers, keys as text, merge keys; the first document of several.
//
// Pure. Limits: kYamlDepthMax, kYamlValuesMax, which aliases count against as often as they are
// used. Errors: kMalformed, kTooLarge. Source: sigs.k8s.io/yaml over go-yaml 2, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::size_t kYamlDepthMax = 256;
inline constexpr std::size_t kYamlValuesMax = 1'000'000;

struct YamlText {
  nlohmann::json value;
  std::vector<std::string> duplicates;  // "line 5: key \"a\" already set in map"
};
Result<YamlText> read_yaml(std::string_view text);

}  // namespace skerry::standalone
