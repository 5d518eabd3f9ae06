// A YAML file as a plain tree with line numbers. yaml-cpp, which throws, is seen by
// yaml_document.cc alone. Pure. Limits: kYamlBytesMax, kYamlNodesMax (aliases count each time they
// are used), kJsonDepthMax.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::config {

inline constexpr std::size_t kYamlBytesMax = std::size_t{1024} * 1024;
inline constexpr std::size_t kYamlNodesMax = 20'000;

struct YamlEntry;  // a pair would have to be complete here

struct YamlNode {
  enum class Type { kNull, kScalar, kList, kMap };
  Type type = Type::kNull;
  std::string scalar;
  bool quoted = false;  // "true" in quotes is text, not a boolean
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order of the file
  int line = 0;                    // from 1
};

struct YamlEntry {
  std::string key;
  YamlNode value;
};

/// Errors: kMalformed (with the line), kTooLarge.
Result<YamlNode> parse_yaml(std::string_view text);

}  // namespace skerry::config
