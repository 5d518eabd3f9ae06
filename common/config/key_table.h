// The engine below edge_config.cc and cloud_config.cc: rows of keys drive reading, printing and the
// hint for a misspelt key. Private to this module. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/config/byte_size.h"
#include "common/config/yaml_document.h"

namespace skerry::config {

using Labels = std::map<std::string, std::string>;

/// Where a key's value goes. The type of the member is the type of the key.
using Target = std::variant<std::string*,
                            bool*,
                            std::int64_t*,
                            std::chrono::milliseconds*,
                            ByteSize*,
                            std::vector<std::string>*,
                            Labels*>;

struct Key {
  std::string_view path;  // "modules.edged.nodeIP"
  Target target;          // into the configuration that is being read or printed
  std::string_view doc;
  std::string_view allowed = {};  // "a|b": nothing else is taken
  std::int64_t min = 0;           // numbers, and milliseconds of durations
  std::int64_t max = INT64_MAX;
  bool clamp = false;    // over max: take max and warn, since KubeEdge's files hold larger ones
  bool minimal = false;  // also in --minconfig
};

struct KeyTable {
  std::string_view api_version;
  std::string_view kind;
  std::vector<Key> keys;
  /// KubeEdge's keys without an effect here. "a.b.*": whatever is below a.b.
  std::span<const std::string_view> ignored;
};

/// Lays the document over what the targets hold. Answers the warnings: unknown keys with the
/// nearest known one, values that were cut to a limit. `source` is a file's name, for people.
/// Errors: kMalformed, naming file, line, key, value and what is expected.
Result<std::vector<std::string>> apply(const YamlNode& document,
                                       const KeyTable& table,
                                       std::string_view source);

/// YAML that apply() reads back to the same values, with each key's doc as a comment.
std::string print(const KeyTable& table, bool minimal_only);

}  // namespace skerry::config
