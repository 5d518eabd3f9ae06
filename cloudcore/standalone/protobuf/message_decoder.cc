#include "cloudcore/standalone/protobuf/message_decoder.h"

#include <cmath>
#include <cstring>

#include "cloudcore/standalone/protobuf/kubernetes_protobuf.h"
#include "cloudcore/standalone/protobuf/own_forms.h"
#include "cloudcore/standalone/protobuf/wire_reader.h"
#include "common/base/base64.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;
using Wire = WireField::Type;

/// The largest integer that a double holds without a gap; Go writes whole numbers without a dot.
constexpr double kWholeMax = 9007199254740992.0;

json number_of(double value) {
  if (std::floor(value) == value && std::abs(value) <= kWholeMax) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

bool is_zero(const json& value) { return value == "" || value == 0 || value == false; }

const FieldSchema* field_of(const TypeSchema& type, std::uint32_t number, std::uint8_t inside) {
  for (const FieldSchema& field : type.fields) {
    if (field.wire.number == number && field.wire.inside == inside) return &field;
  }
  return nullptr;
}

/// Is that field a message whose fields JSON has inline?
bool is_inline(const TypeSchema& type, std::uint32_t number) {
  for (const FieldSchema& field : type.fields) {
    if (field.wire.inside == number) return true;
  }
  return false;
}

class Decoder {
 public:
  explicit Decoder(const BuiltInKinds& kinds) : kinds_(kinds) {}

  /// All of them: false, and the problem is known.
  bool object(std::string_view bytes, const TypeSchema& type, json& into, std::uint8_t inside = 0);

  const Error& problem() const { return problem_; }

 private:
  bool known_field(const WireField& field, const FieldSchema& as, json& into);
  bool list_item(const WireField& field, const TypeSchema& list, json& into);
  bool packed(std::string_view bytes, const TypeSchema& item, json& into);
  bool map_entry(const WireField& field, const TypeSchema& map, json& into);
  bool wrapped_list(const WireField& field, const TypeSchema& list, json& into);
  bool value(const WireField& field, const TypeSchema& type, json& into);
  bool scalar(const WireField& field, const TypeSchema& type, json& into);
  bool own_form(const WireField& field, const TypeSchema& type, json& into);
  bool schema_union(std::string_view bytes, SchemaUnion::Else otherwise, json& into);
  bool fails(Code code, std::string what);
  bool count();

  const BuiltInKinds& kinds_;
  Error problem_;
  std::size_t values_ = 0;
  int depth_ = 0;
};

bool Decoder::fails(Code code, std::string what) {
  if (problem_.what.empty()) problem_ = Error{code, std::move(what), {}};
  return false;
}

bool Decoder::count() {
  return ++values_ <= kProtobufValuesMax ||
         fails(Code::kTooLarge, "the protobuf message holds too many values");
}

bool Decoder::object(std::string_view bytes,
                     const TypeSchema& type,
                     json& into,
                     std::uint8_t inside) {
  if (!into.is_object()) into = json::object();
  if (++depth_ > kProtobufDepthMax) {
    return fails(Code::kTooLarge, "the protobuf message is nested too deeply");
  }
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (!count()) return false;
    if (const FieldSchema* known = field_of(type, field->number, inside)) {
      if (!known_field(*field, *known, into)) return false;
    } else if (inside == 0 && field->type == Wire::kBytes && is_inline(type, field->number)) {
      if (!object(field->bytes, type, into, static_cast<std::uint8_t>(field->number))) return false;
    }
  }
  --depth_;
  return !reader.fails() || fails(Code::kMalformed, "the protobuf message is damaged");
}

bool Decoder::known_field(const WireField& field, const FieldSchema& as, json& into) {
  switch (as.type->shape) {
    case Shape::kList:
      return list_item(field, *as.type, into[as.name]);
    case Shape::kMap:
      return map_entry(field, *as.type, into[as.name]);
    default:
      break;
  }
  json& slot = into[as.name];
  if (!value(field, *as.type, slot)) {
    problem_.what += " (" + as.name + ")";
    return false;
  }
  if (as.wire.drops_zero && is_zero(slot)) into.erase(as.name);
  return true;
}

bool Decoder::list_item(const WireField& field, const TypeSchema& list, json& into) {
  if (!into.is_array()) into = json::array();
  const bool number = list.item->shape == Shape::kInteger;
  if (number && field.type == Wire::kBytes) return packed(field.bytes, *list.item, into);
  json item;
  if (!value(field, *list.item, item)) return false;
  into.push_back(std::move(item));
  return true;
}

bool Decoder::packed(std::string_view bytes, const TypeSchema& item, json& into) {
  WireReader reader(bytes);
  while (!reader.at_end()) {
    WireField number;
    const auto read = reader.varint();
    if (!read || !count()) return fails(Code::kMalformed, "the protobuf message is damaged");
    number.value = *read;
    json out;
    if (!scalar(number, item, out)) return false;
    into.push_back(std::move(out));
  }
  return true;
}

bool Decoder::map_entry(const WireField& field, const TypeSchema& map, json& into) {
  if (!into.is_object()) into = json::object();
  if (field.type != Wire::kBytes) return fails(Code::kMalformed, "a map is no message");
  std::string_view key;
  WireField held;  // left out: an empty value
  held.type = map.item->shape == Shape::kInteger || map.item->shape == Shape::kBoolean
                  ? Wire::kVarint
                  : Wire::kBytes;
  WireReader reader(field.bytes);
  while (const auto part = reader.next()) {
    if (part->number == 1 && part->type == Wire::kBytes) key = part->bytes;
    if (part->number == 2) held = *part;
  }
  if (reader.fails()) return fails(Code::kMalformed, "the protobuf message is damaged");
  if (!is_utf8(key)) return fails(Code::kMalformed, "string field contains invalid UTF-8");
  json item;
  const bool read = map.item->shape == Shape::kList ? wrapped_list(held, *map.item, item)
                                                    : value(held, *map.item, item);
  if (!read) return false;
  into[std::string(key)] = std::move(item);
  return true;
}

/// A map of lists: protobuf has none, so each list is field 1 of a message (ExtraValue).
bool Decoder::wrapped_list(const WireField& field, const TypeSchema& list, json& into) {
  into = json::array();
  if (field.type != Wire::kBytes) return fails(Code::kMalformed, "a list is no message");
  WireReader reader(field.bytes);
  while (const auto item = reader.next()) {
    if (!count()) return false;
    if (item->number == 1 && !list_item(*item, list, into)) return false;
  }
  return !reader.fails() || fails(Code::kMalformed, "the protobuf message is damaged");
}

bool Decoder::value(const WireField& field, const TypeSchema& type, json& into) {
  if (has_own_form(type)) return own_form(field, type, into);
  if (type.shape != Shape::kObject) return scalar(field, type, into);
  if (field.type != Wire::kBytes) return fails(Code::kMalformed, "proto: wrong wireType");
  return object(field.bytes, type, into);
}

bool Decoder::scalar(const WireField& field, const TypeSchema& type, json& into) {
  const bool fits = type.shape == Shape::kString   ? field.type == Wire::kBytes
                    : type.shape == Shape::kNumber ? field.type == Wire::kFixed64
                                                   : field.type == Wire::kVarint;
  if (!fits) return fails(Code::kMalformed, "proto: wrong wireType");
  switch (type.shape) {
    case Shape::kString:
      if (type.format == "byte") {
        into = encode_base64(field.bytes);
        return true;
      }
      if (!is_utf8(field.bytes)) {
        return fails(Code::kMalformed, "string field contains invalid UTF-8");
      }
      into = field.bytes;
      return true;
    case Shape::kInteger:
      into = type.format == "int64" ? static_cast<std::int64_t>(field.value)
                                    : static_cast<std::int32_t>(field.value);
      return true;
    case Shape::kNumber: {
      double number = 0;
      std::memcpy(&number, &field.value, sizeof number);
      if (!std::isfinite(number)) return fails(Code::kMalformed, "a number is not finite");
      into = number_of(number);
      return true;
    }
    case Shape::kBoolean:
      into = field.value != 0;
      return true;
    default:
      return fails(Code::kMalformed, "a field that protobuf does not carry");
  }
}

bool Decoder::own_form(const WireField& field, const TypeSchema& type, json& into) {
  if (field.type != Wire::kBytes) return fails(Code::kMalformed, "proto: wrong wireType");
  if (const auto otherwise = schema_union_of(type)) {
    return schema_union(field.bytes, *otherwise, into);
  }
  auto decoded = decode_own_form(field.bytes, type);
  if (!decoded) return fails(decoded.error().code, decoded.error().what);
  into = std::move(*decoded);
  return true;
}

/// A schema or something else: JSONSchemaPropsOr{Array,Bool,StringArray}.
bool Decoder::schema_union(std::string_view bytes, SchemaUnion::Else otherwise, json& into) {
  const TypeSchema* schema = kinds_.type(kSchemaType);
  json list = json::array();
  bool allows = false;
  json one = nullptr;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    const bool is_bool = otherwise == SchemaUnion::Else::kBool;
    const std::uint32_t schema_number = is_bool ? 2 : 1;
    if (!count()) return false;
    if (is_bool && field->number == 1) {
      allows = field->value != 0;
    } else if (field->number == schema_number) {
      if (!value(*field, *schema, one)) return false;
    } else if (field->number == 2 && otherwise == SchemaUnion::Else::kSchemas) {
      json item;
      if (!value(*field, *schema, item)) return false;
      list.push_back(std::move(item));
    } else if (field->number == 2) {
      if (!is_utf8(field->bytes)) return fails(Code::kMalformed, "invalid UTF-8");
      list.push_back(field->bytes);
    }
  }
  if (reader.fails()) return fails(Code::kMalformed, "the protobuf message is damaged");
  if (!list.empty()) {
    into = std::move(list);
  } else if (otherwise == SchemaUnion::Else::kBool && one.is_null()) {
    into = allows;
  } else {
    into = std::move(one);
  }
  return true;
}

}  // namespace

Result<json> decode_message(std::string_view bytes,
                            const TypeSchema& type,
                            const BuiltInKinds& kinds) {
  Decoder decoder(kinds);
  json out;
  if (!decoder.object(bytes, type, out)) return fail(decoder.problem());
  return out;
}

}  // namespace skerry::standalone
