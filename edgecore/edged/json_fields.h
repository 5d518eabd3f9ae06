// Reading fields of parsed Kubernetes JSON: absent, null and wrongly typed read as the default,
// because the API server has validated the object. Pure. Only for .cc files: pulls in
// nlohmann/json.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "edgecore/edged/pod_spec.h"

namespace skerry::edged::fields {

using Json = nlohmann::json;

inline const Json& at(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

inline std::string text(const Json& object, const char* key, const char* otherwise = "") {
  const Json& value = at(object, key);
  return value.is_string() ? value.get<std::string>() : otherwise;
}

inline bool flag(const Json& object, const char* key, bool otherwise = false) {
  const Json& value = at(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

inline std::optional<std::int64_t> number(const Json& object, const char* key) {
  const Json& value = at(object, key);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

inline int small_number(const Json& object, const char* key, int otherwise) {
  return static_cast<int>(number(object, key).value_or(otherwise));
}

inline Seconds seconds(const Json& object, const char* key, int otherwise) {
  return Seconds(number(object, key).value_or(otherwise));
}

/// A quantity or port: text, or a number as it is written.
inline std::string text_or_number(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

inline std::vector<std::string> texts(const Json& object, const char* key) {
  std::vector<std::string> out;
  const Json& list = at(object, key);
  if (!list.is_array()) return out;
  for (const Json& item : list) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

inline StringMap text_map(const Json& object, const char* key) {
  StringMap out;
  const Json& map = at(object, key);
  if (!map.is_object()) return out;
  for (const auto& [name, value] : map.items()) out[name] = text_or_number(value);
  return out;
}

}  // namespace skerry::edged::fields
