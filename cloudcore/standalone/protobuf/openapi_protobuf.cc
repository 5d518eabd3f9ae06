#include "cloudcore/standalone/protobuf/openapi_protobuf.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "common/base/assert.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

// ---- wire ---------------------------------------------------------------------------------------

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_bytes(std::string& out, int number, std::string_view bytes) {
  put_varint(out, static_cast<std::uint64_t>(number) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_integer(std::string& out, int number, std::int64_t value) {
  put_varint(out, static_cast<std::uint64_t>(number) << 3);
  put_varint(out, static_cast<std::uint64_t>(value));
}

void put_double(std::string& out, int number, double value) {
  put_varint(out, static_cast<std::uint64_t>(number) << 3 | 1);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(bits >> (8 * i));
}

/// A message that has one field.
std::string only(int number, std::string_view bytes) {
  std::string out;
  put_bytes(out, number, bytes);
  return out;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// ---- messages -----------------------------------------------------------------------------------

using Message = std::string (*)(const json& value);

struct Field {
  enum class Kind : std::uint8_t { kText, kInteger, kFlag, kDouble, kMessage };
  std::string_view name;
  int number;
  Kind kind;
  Message message = nullptr;  // of kMessage
};

void put_field(std::string& out, const Field& field, const json& value) {
  switch (field.kind) {
    case Field::Kind::kText:
      return put_bytes(out, field.number, text_of(value));
    case Field::Kind::kInteger:
      return put_integer(out, field.number, value.is_number() ? value.get<std::int64_t>() : 0);
    case Field::Kind::kFlag:
      return put_integer(out, field.number, value.is_boolean() && value.get<bool>() ? 1 : 0);
    case Field::Kind::kDouble:
      return put_double(out, field.number, value.is_number() ? value.get<double>() : 0);
    case Field::Kind::kMessage:
      return put_bytes(out, field.number, field.message(value));
  }
}

/// Any: YAML.
std::string any(const json& value) { return only(2, value.dump()); }

/// NamedAny, NamedSchema, ...
std::string named(const std::string& name, std::string_view value) {
  std::string out;
  put_bytes(out, 1, name);
  put_bytes(out, 2, value);
  return out;
}

/// An object by its fields; a list repeats its field. `extension`: the number of what begins with
/// x-.
std::string object(const json& value, std::span<const Field> fields, int extension) {
  std::string out;
  if (!value.is_object()) return out;
  for (const auto& [name, member] : value.items()) {
    if (name.starts_with("x-")) put_bytes(out, extension, named(name, any(member)));
    for (const Field& field : fields) {
      if (field.name != name) continue;
      if (!member.is_array()) {
        put_field(out, field, member);
        continue;
      }
      for (const json& item : member) put_field(out, field, item);
    }
  }
  return out;
}

std::string schema(const json& value);

/// Definitions, Properties: names with their schemas.
std::string schemas(const json& value) {
  std::string out;
  for (const auto& [name, each] : value.items()) put_bytes(out, 1, named(name, schema(each)));
  return out;
}

/// TypeItem, ItemsItem, SchemaItem, AdditionalPropertiesItem: messages around one value.
std::string text_item(const json& value) { return only(1, text_of(value)); }
std::string schema_item(const json& value) { return only(1, schema(value)); }
std::string schema_or_flag(const json& value) {
  if (value.is_object()) return schema_item(value);
  std::string out;
  put_integer(out, 2, value == true ? 1 : 0);
  return out;
}

std::string schema(const json& value) {
  using enum Field::Kind;
  static constexpr Field kFields[] = {
      {"$ref", 1, kText},
      {"format", 2, kText},
      {"title", 3, kText},
      {"description", 4, kText},
      {"default", 5, kMessage, any},
      {"multipleOf", 6, kDouble},
      {"maximum", 7, kDouble},
      {"exclusiveMaximum", 8, kFlag},
      {"minimum", 9, kDouble},
      {"exclusiveMinimum", 10, kFlag},
      {"maxLength", 11, kInteger},
      {"minLength", 12, kInteger},
      {"pattern", 13, kText},
      {"maxItems", 14, kInteger},
      {"minItems", 15, kInteger},
      {"uniqueItems", 16, kFlag},
      {"maxProperties", 17, kInteger},
      {"minProperties", 18, kInteger},
      {"required", 19, kText},
      {"enum", 20, kMessage, any},
      {"additionalProperties", 21, kMessage, schema_or_flag},
      {"type", 22, kMessage, text_item},
      {"items", 23, kMessage, schema_item},
      {"allOf", 24, kMessage, schema},
      {"properties", 25, kMessage, schemas},
      {"example", 30, kMessage, any},
  };
  return object(value, kFields, 31);
}

/// ParametersItem: of the body, or of query and path.
std::string parameter(const json& value) {
  using enum Field::Kind;
  static constexpr Field kBody[] = {{"description", 1, kText},
                                    {"name", 2, kText},
                                    {"in", 3, kText},
                                    {"required", 4, kFlag},
                                    {"schema", 5, kMessage, schema}};
  static constexpr Field kQuery[] = {
      {"required", 1, kFlag}, {"in", 2, kText},     {"description", 3, kText}, {"name", 4, kText},
      {"type", 6, kText},     {"format", 7, kText}, {"uniqueItems", 20, kFlag}};
  static constexpr Field kPath[] = {
      {"required", 1, kFlag}, {"in", 2, kText},     {"description", 3, kText}, {"name", 4, kText},
      {"type", 5, kText},     {"format", 6, kText}, {"uniqueItems", 19, kFlag}};
  const std::string place = value.value("in", "");
  if (place == "body") return only(1, only(1, object(value, kBody, 6)));
  const std::string plain =
      place == "path" ? only(4, object(value, kPath, 22)) : only(3, object(value, kQuery, 23));
  return only(1, only(2, plain));
}

std::string responses(const json& value) {
  using enum Field::Kind;
  static constexpr Field kFields[] = {{"description", 1, kText},
                                      {"schema", 2, kMessage, schema_item}};
  std::string out;
  for (const auto& [code, each] : value.items()) {
    put_bytes(out, 1, named(code, only(1, object(each, kFields, 5))));
  }
  return out;
}

std::string operation(const json& value) {
  using enum Field::Kind;
  static constexpr Field kFields[] = {
      {"tags", 1, kText},        {"description", 3, kText},
      {"operationId", 5, kText}, {"produces", 6, kText},
      {"consumes", 7, kText},    {"parameters", 8, kMessage, parameter},
      {"schemes", 10, kText},    {"responses", 9, kMessage, responses},
      {"deprecated", 11, kFlag},
  };
  return object(value, kFields, 13);
}

std::string paths(const json& value) {
  using enum Field::Kind;
  static constexpr Field kFields[] = {
      {"get", 2, kMessage, operation},     {"put", 3, kMessage, operation},
      {"post", 4, kMessage, operation},    {"delete", 5, kMessage, operation},
      {"options", 6, kMessage, operation}, {"head", 7, kMessage, operation},
      {"patch", 8, kMessage, operation},   {"parameters", 9, kMessage, parameter},
  };
  std::string out;
  for (const auto& [path, item] : value.items()) {
    put_bytes(out, 2, named(path, object(item, kFields, 10)));
  }
  return out;
}

std::string info(const json& value) {
  using enum Field::Kind;
  static constexpr Field kFields[] = {{"title", 1, kText}, {"version", 2, kText}};
  return object(value, kFields, 7);
}

}  // namespace

std::string openapi_v2_protobuf(std::string_view document) {
  using enum Field::Kind;
  static constexpr Field kFields[] = {{"swagger", 1, kText},
                                      {"info", 2, kMessage, info},
                                      {"paths", 8, kMessage, paths},
                                      {"definitions", 9, kMessage, schemas}};
  const json parsed = json::parse(document, nullptr, false);
  SKERRY_ASSERT(parsed.is_object(), "openapi_v2_document makes JSON");
  return object(parsed, kFields, 16);
}

}  // namespace skerry::standalone
