#include "cloudcore/standalone/protobuf/own_forms.h"

#include <chrono>

#include "cloudcore/standalone/protobuf/wire_reader.h"
#include "cloudcore/standalone/schema/json_depth.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;

constexpr std::size_t kJsonDepthMax = 100;
// Beyond these a WallTime has no room: 1678 and 2261.
constexpr std::int64_t kSecondsMin = -9'214'560'000;
constexpr std::int64_t kSecondsMax = 9'214'646'400;

/// The last of each field of a small message; numbers above 3 are skipped.
struct Small {
  std::uint64_t number[4] = {};
  std::string_view bytes[4];
};

std::optional<Small> read_small(std::string_view message) {
  Small out;
  WireReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number > 3) continue;
    out.number[field->number] = field->value;
    out.bytes[field->number] = field->bytes;
  }
  if (reader.fails()) return std::nullopt;
  return out;
}

Result<json> time_of(const Small& small, std::string_view message, bool micro) {
  if (message.empty()) return json(nullptr);  // Go's zero time
  const auto seconds = static_cast<std::int64_t>(small.number[1]);
  const auto nanos = static_cast<std::int32_t>(small.number[2]);
  if (seconds < kSecondsMin || seconds > kSecondsMax || nanos < 0 || nanos > 999'999'999) {
    return fail(Code::kMalformed, "a time is out of range");
  }
  const WallTime time{std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos)};
  return json(micro ? k8s::format_micro_time(time) : k8s::format_time(time));
}

Result<json> text_of(std::string_view text) {
  if (!is_utf8(text)) return fail(Code::kMalformed, "string field contains invalid UTF-8");
  return json(text);
}

Result<json> json_within(std::string_view text) {
  if (text.empty()) return json(nullptr);
  if (nested_deeper_than(text, kJsonDepthMax)) {
    return fail(Code::kTooLarge, "JSON within the protobuf message is nested too deeply");
  }
  json out = json::parse(text, nullptr, false);
  if (out.is_discarded()) {
    return fail(Code::kMalformed, "what should be JSON within the protobuf message is none");
  }
  return out;
}

}  // namespace

std::optional<SchemaUnion::Else> schema_union_of(const TypeSchema& type) {
  if (type.name.ends_with(".JSONSchemaPropsOrArray")) return SchemaUnion::Else::kSchemas;
  if (type.name.ends_with(".JSONSchemaPropsOrBool")) return SchemaUnion::Else::kBool;
  if (type.name.ends_with(".JSONSchemaPropsOrStringArray")) return SchemaUnion::Else::kStrings;
  return std::nullopt;
}

bool has_own_form(const TypeSchema& type) {
  return type.shape == Shape::kAny || type.shape == Shape::kIntOrString ||
         (type.shape == Shape::kString &&
          (type.format == "date-time" || type.format == "quantity"));
}

Result<json> decode_own_form(std::string_view bytes, const TypeSchema& type) {
  const auto small = read_small(bytes);
  if (!small) return fail(Code::kMalformed, "the protobuf message is damaged");
  if (type.format == "date-time") {
    return time_of(*small, bytes, type.name.ends_with(".MicroTime"));
  }
  if (type.format == "quantity") return text_of(small->bytes[1]);
  if (type.shape == Shape::kIntOrString) {
    if (small->number[1] == 0) return json(static_cast<std::int32_t>(small->number[2]));
    return text_of(small->bytes[3]);
  }
  return json_within(small->bytes[1]);  // RawExtension, FieldsV1, JSON
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < more) return false;
    std::uint32_t point = lead & (0x3fu >> more);
    for (std::size_t k = 0; k < more; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i++]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fu);
    }
    const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
  }
  return true;
}

}  // namespace skerry::standalone
