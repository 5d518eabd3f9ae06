// Reads fields of parsed JSON without throwing: absent, null and wrongly typed all read as the
// default. For bodies of the other side of a link, where nlohmann's own value() would throw, and
// for objects that the API server has validated. Pure. Only for .cc files: pulls in nlohmann/json.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/k8s/time.h"

namespace skerry::k8s::fields {

using Json = nlohmann::json;

/// The member; null when there is none, or `object` is no object. Lives as long as `object`.
inline const Json& at(const Json& object, std::string_view key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

inline std::string text(const Json& object, std::string_view key, std::string_view otherwise = {}) {
  const Json& value = at(object, key);
  return value.is_string() ? value.get<std::string>() : std::string(otherwise);
}

inline bool flag(const Json& object, std::string_view key, bool otherwise = false) {
  const Json& value = at(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

/// Nothing for a fraction, and for what is beyond 64 bits with a sign.
inline std::optional<std::int64_t> number(const Json& object, std::string_view key) {
  const Json& value = at(object, key);
  if (!value.is_number_integer()) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMax) return std::nullopt;
  return value.get<std::int64_t>();
}

inline int small_number(const Json& object, std::string_view key, int otherwise) {
  return static_cast<int>(number(object, key).value_or(otherwise));
}

inline std::chrono::seconds seconds(const Json& object, std::string_view key, int otherwise) {
  return std::chrono::seconds(number(object, key).value_or(otherwise));
}

/// RFC 3339; 1970 for anything else.
inline WallTime time(const Json& object, std::string_view key) {
  return parse_time(text(object, key)).value_or(WallTime{});
}

/// A quantity or port: text, or a number as it is written.
inline std::string text_or_number(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

/// The list at `key`; an empty one when there is none. Lives as long as `object`.
inline const Json& list(const Json& object, std::string_view key) {
  static const Json kEmpty = Json::array();
  const Json& value = at(object, key);
  return value.is_array() ? value : kEmpty;
}

/// The object at `key`; an empty one when there is none. Lives as long as `parent`.
inline const Json& object(const Json& parent, std::string_view key) {
  static const Json kEmpty = Json::object();
  const Json& value = at(parent, key);
  return value.is_object() ? value : kEmpty;
}

inline std::vector<std::string> texts(const Json& object, std::string_view key) {
  std::vector<std::string> out;
  for (const Json& item : list(object, key)) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

inline std::map<std::string, std::string> text_map(const Json& object, std::string_view key) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : fields::object(object, key).items()) {
    out[name] = text_or_number(value);
  }
  return out;
}

}  // namespace skerry::k8s::fields
