#include "cloudcore/standalone/decoding/value_check.h"

#include <limits>

#include "common/base/base64.h"
#include "common/k8s/quantity.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;

constexpr const char* kQuantityFormat =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string given(const json& value) {
  if (value.is_boolean()) return "bool";
  return value.is_number() ? "number" : value.type_name();
}

/// "v1.Container", "[]v1.EnvVar", "map[string]string"
std::string go_type(const TypeSchema& type) {
  switch (type.shape) {
    case Shape::kObject: {
      const std::size_t dot = type.name.rfind('.');
      const std::size_t before = dot == std::string::npos ? dot : type.name.rfind('.', dot - 1);
      return before == std::string::npos ? "struct" : type.name.substr(before + 1);
    }
    case Shape::kMap:
      if (type.item != nullptr && type.item->format == "quantity") return "v1.ResourceList";
      return "map[string]" + (type.item != nullptr ? go_type(*type.item) : "interface {}");
    case Shape::kList:
      return "[]" + (type.item != nullptr ? go_type(*type.item) : "interface {}");
    case Shape::kString:
      return type.format == "byte" ? "[]uint8" : "string";
    case Shape::kInteger:
      return type.format == "int64" ? "int64" : "int32";
    case Shape::kNumber:
      return "float64";
    case Shape::kBoolean:
      return "bool";
    case Shape::kIntOrString:
      return "int32";
    case Shape::kAny:
      break;
  }
  return "interface {}";
}

std::optional<Mismatch> expect(bool right, const json& value, const TypeSchema& type) {
  if (right) return std::nullopt;
  return Mismatch{{}, given(value), go_type(type)};
}

bool fits_integer(const json& value, const TypeSchema& type) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned()) {
    const auto max = type.format == "int64" || type.format.empty()
                         ? std::numeric_limits<std::int64_t>::max()
                         : std::numeric_limits<std::int32_t>::max();
    return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max);
  }
  return type.format != "int32" ||
         value.get<std::int64_t>() >= std::numeric_limits<std::int32_t>::min();
}

/// The number itself is named where a whole one is wanted.
std::optional<Mismatch> integer(const json& value, const TypeSchema& type) {
  if (fits_integer(value, type)) return std::nullopt;
  return Mismatch{{}, value.is_number() ? "number " + value.dump() : given(value), go_type(type)};
}

std::optional<Mismatch> int_or_string(const json& value) {
  static const TypeSchema kInt32 = [] {
    TypeSchema type;
    type.shape = Shape::kInteger;
    type.format = "int32";
    return type;
  }();
  if (value.is_string()) return std::nullopt;
  return integer(value, kInt32);
}

std::optional<Mismatch> quantity(const json& value) {
  if (value.is_number()) return std::nullopt;
  if (!value.is_string()) return Mismatch{kQuantityFormat, {}, {}};
  const auto& text = value.get_ref<const std::string&>();
  if (k8s::parse_quantity(text)) return std::nullopt;
  const bool shaped = text.find_first_not_of("+-.0123456789eEinumkKMGTP") == std::string::npos &&
                      text.find_first_of("0123456789") != std::string::npos;
  return Mismatch{shaped ? "unable to parse quantity's suffix" : kQuantityFormat, {}, {}};
}

std::optional<Mismatch> time(const json& value, const TypeSchema& type) {
  if (!value.is_string()) return Mismatch{{}, given(value), "string"};
  const auto& text = value.get_ref<const std::string&>();
  if (k8s::parse_time(text)) return std::nullopt;
  const std::string layout = type.name.ends_with(".MicroTime") ? "2006-01-02T15:04:05.000000Z07:00"
                                                               : "2006-01-02T15:04:05Z07:00";
  return Mismatch{"parsing time " + json(text).dump() + " as \"" + layout + "\": cannot parse " +
                      json(text).dump() + " as \"2006\"",
                  {},
                  {}};
}

std::optional<Mismatch> bytes(const json& value, const TypeSchema& type) {
  if (!value.is_string()) return Mismatch{{}, given(value), go_type(type)};
  const auto& text = value.get_ref<const std::string&>();
  if (decode_base64(text)) return std::nullopt;
  std::size_t at = text.find_first_not_of(kBase64);
  if (at == std::string::npos) at = text.size() / 4 * 4;  // the last four letters are not four
  return Mismatch{"illegal base64 data at input byte " + std::to_string(at), {}, {}};
}

}  // namespace

std::optional<Mismatch> mismatch_of(const json& value, const TypeSchema& type) {
  if (value.is_null()) return std::nullopt;
  switch (type.shape) {
    case Shape::kObject:
    case Shape::kMap:
      return expect(value.is_object(), value, type);
    case Shape::kList:
      return expect(value.is_array(), value, type);
    case Shape::kString:
      if (type.format == "quantity") return quantity(value);
      if (type.format == "date-time") return time(value, type);
      if (type.format == "byte") return bytes(value, type);
      return expect(value.is_string(), value, type);
    case Shape::kInteger:
      return integer(value, type);
    case Shape::kNumber:
      return expect(value.is_number(), value, type);
    case Shape::kBoolean:
      return expect(value.is_boolean(), value, type);
    case Shape::kIntOrString:
      return int_or_string(value);
    case Shape::kAny:
      break;
  }
  return std::nullopt;
}

}  // namespace skerry::standalone
