#include "edgecore/edged/object_data.h"

#include <array>
#include <nlohmann/json.hpp>

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

constexpr std::array<std::int8_t, 256> make_base64_table() {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr auto kBase64 = make_base64_table();

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.size() % 4 != 0)
    return fail(Code::kMalformed, "not base64: its length is no multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t window = 0;
  int bits = 0;
  for (const char c : text) {
    const std::int8_t six = kBase64[static_cast<unsigned char>(c)];
    if (six < 0) return fail(Code::kMalformed, "not base64: a character outside its alphabet");
    window = (window << 6) | static_cast<std::uint32_t>(six);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>((window >> bits) & 0xff));
  }
  return bytes;
}

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
