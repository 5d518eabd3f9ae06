#include "cloudcore/standalone/schema/schema_keywords.h"

#include <algorithm>
#include <cstdint>

namespace skerry::standalone {

namespace {

using nlohmann::json;

enum class Kind : std::uint8_t {
  kText,
  kFlag,
  kNumber,
  kCount,
  kNames,
  kSchema,
  kSchemas,
  kList,
  kProperties,
  kItems,
  kSchemaOrFlag,
};

struct Keyword {
  std::string_view name;
  Kind kind;
};

constexpr Keyword kKeywords[] = {
    {"additionalProperties", Kind::kSchemaOrFlag},
    {"allOf", Kind::kSchemas},
    {"anyOf", Kind::kSchemas},
    {"description", Kind::kText},
    {"enum", Kind::kList},
    {"exclusiveMaximum", Kind::kFlag},
    {"exclusiveMinimum", Kind::kFlag},
    {"format", Kind::kText},
    {"items", Kind::kItems},
    {"maxItems", Kind::kCount},
    {"maxLength", Kind::kCount},
    {"maxProperties", Kind::kCount},
    {"maximum", Kind::kNumber},
    {"minItems", Kind::kCount},
    {"minLength", Kind::kCount},
    {"minProperties", Kind::kCount},
    {"minimum", Kind::kNumber},
    {"multipleOf", Kind::kNumber},
    {"not", Kind::kSchema},
    {"nullable", Kind::kFlag},
    {"oneOf", Kind::kSchemas},
    {"pattern", Kind::kText},
    {"properties", Kind::kProperties},
    {"required", Kind::kNames},
    {"title", Kind::kText},
    {"type", Kind::kText},
    {"uniqueItems", Kind::kFlag},
    {"x-kubernetes-embedded-resource", Kind::kFlag},
    {"x-kubernetes-int-or-string", Kind::kFlag},
    {"x-kubernetes-list-map-keys", Kind::kNames},
    {"x-kubernetes-list-type", Kind::kText},
    {"x-kubernetes-map-type", Kind::kText},
    {"x-kubernetes-preserve-unknown-fields", Kind::kFlag},
    {"x-kubernetes-validations", Kind::kList},
};

bool all_of(const json& list, bool (*is)(const json&)) {
  return list.is_array() && std::ranges::all_of(list, is);
}

bool is_text(const json& value) { return value.is_string(); }
bool is_object(const json& value) { return value.is_object(); }

/// What it should be; nullptr when it is that.
const char* wanted(const json& value, Kind kind) {
  switch (kind) {
    case Kind::kText:
      return value.is_string() ? nullptr : "a string";
    case Kind::kFlag:
      return value.is_boolean() ? nullptr : "a boolean";
    case Kind::kNumber:
      return value.is_number() ? nullptr : "a number";
    case Kind::kCount:
      return value.is_number_integer() ? nullptr : "an integer";
    case Kind::kNames:
      return all_of(value, is_text) ? nullptr : "a list of strings";
    case Kind::kSchema:
      return value.is_object() ? nullptr : "a schema";
    case Kind::kSchemas:
      return all_of(value, is_object) ? nullptr : "a list of schemas";
    case Kind::kList:
      return value.is_array() ? nullptr : "a list";
    case Kind::kProperties:
      return value.is_object() && std::ranges::all_of(value, is_object) ? nullptr
                                                                        : "a map of schemas";
    case Kind::kItems:  // a list of schemas is another error, with words of its own
      return value.is_object() || all_of(value, is_object) ? nullptr : "a schema";
    case Kind::kSchemaOrFlag:
      return value.is_object() || value.is_boolean() ? nullptr : "a schema or a boolean";
  }
  return nullptr;
}

}  // namespace

const json* keyword(const json& schema, std::string_view name) {
  if (!schema.is_object()) return nullptr;
  const auto found = schema.find(name);
  return found != schema.end() && !found->is_null() ? &*found : nullptr;
}

const json* schema_keyword(const json& schema, std::string_view name) {
  const json* value = keyword(schema, name);
  return value != nullptr && value->is_object() ? value : nullptr;
}

std::vector<MalformedKeyword> malformed_keywords(const json& schema) {
  std::vector<MalformedKeyword> out;
  for (const Keyword& each : kKeywords) {
    const json* value = keyword(schema, each.name);
    if (value == nullptr) continue;
    if (const char* expected = wanted(*value, each.kind))
      out.push_back({std::string(each.name), expected});
  }
  return out;
}

}  // namespace skerry::standalone
