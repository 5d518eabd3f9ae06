// Reads fields of foreign JSON without throwing: a missing field and one of the wrong type both
// give the fallback. For bodies from the other side of a link, where nlohmann's own value() would
// throw.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace skerry::k8s {

inline std::string text_field(const nlohmann::json& object,
                              const char* key,
                              std::string fallback = {}) {
  if (!object.is_object()) return fallback;
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

inline std::int64_t number_field(const nlohmann::json& object,
                                 const char* key,
                                 std::int64_t fallback) {
  if (!object.is_object()) return fallback;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : fallback;
}

/// The object at `key`; an empty one when there is none.
inline nlohmann::json object_field(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nlohmann::json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : nlohmann::json::object();
}

/// The list at `key`; an empty one when there is none.
inline nlohmann::json list_field(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nlohmann::json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : nlohmann::json::array();
}

}  // namespace skerry::k8s
