#include "edgecore/edged/object_data.h"

#include <nlohmann/json.hpp>

#include "common/base/base64.h"

namespace skerry::edged {
namespace {

using Json = nlohmann::json;

/// A string map of the object; the values pass through `decode`.
Result<StringMap> string_map(const Json& object, const char* field, bool encoded) {
  StringMap map;
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return map;
  if (!found->is_object()) return fail(Code::kMalformed, std::string(field) + " is not a map");
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) return fail(Code::kMalformed, "value of " + key + " is not a string");
    const auto& text = value.get_ref<const std::string&>();
    if (!encoded) {
      map.emplace(key, text);
      continue;
    }
    Result<std::string> bytes = decode_base64(text);
    if (!bytes) return fail("value of " + key, bytes.error());
    map.emplace(key, std::move(*bytes));
  }
  return map;
}

}  // namespace

Result<ObjectDataPtr> parse_object_data(k8s::Kind kind, std::string_view json) {
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return fail(Code::kMalformed, "not a JSON object");
  const bool secret = kind == k8s::Kind::kSecret;
  auto parsed = std::make_shared<ObjectData>();
  Result<StringMap> data = string_map(object, "data", secret);
  if (!data) return fail(data.error());
  parsed->data = std::move(*data);
  if (!secret) {
    Result<StringMap> binary = string_map(object, "binaryData", true);
    if (!binary) return fail(binary.error());
    parsed->binary = std::move(*binary);
  }
  if (const auto type = object.find("type"); type != object.end() && type->is_string()) {
    parsed->type = type->get<std::string>();
  }
  return ObjectDataPtr(std::move(parsed));
}

}  // namespace skerry::edged
