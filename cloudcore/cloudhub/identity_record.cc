#include "cloudcore/cloudhub/identity_record.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/assert.h"

namespace skerry::cloudhub {
namespace {

constexpr std::string_view kRecordLabel = "skerry.io/record";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<RecordKind> kind_from(std::string_view word) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(RecordKind::kCount); ++i) {
    if (to_string(static_cast<RecordKind>(i)) == word) return static_cast<RecordKind>(i);
  }
  return std::nullopt;
}

std::string text_at(const nlohmann::json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

nlohmann::json object_at(const nlohmann::json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : nlohmann::json::object();
}

}  // namespace

std::string_view to_string(RecordKind kind) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(RecordKind::kCount)> kWords = {
      "ca", "join-token", "node-identity", "deny-list"};
  SKERRY_ASSERT(kind < RecordKind::kCount, "no such kind of record");
  return kWords[static_cast<std::size_t>(kind)];
}

Result<std::string> encode_secret(const Record& record) {
  const std::string word(to_string(record.kind));
  nlohmann::json secret = {
      {"apiVersion", "v1"},
      {"kind", "Secret"},
      {"type", "skerry.io/" + word},
      {"metadata",
       {{"name", record.name},
        {"namespace", kIdentityNamespace},
        {"labels", {{kRecordLabel, word}, {"app.kubernetes.io/managed-by", "skerry-cloudcore"}}}}},
  };
  if (!record.resource_version.empty()) {
    secret["metadata"]["resourceVersion"] = record.resource_version;
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : record.data) {
    bytes += key.size() + value.size();
    secret["data"][key] = encode_base64(value);
  }
  if (bytes > kRecordBytesMax)
    return fail(Code::kTooLarge, "record " + record.name + " is too large");
  return secret.dump();
}

Result<Record> decode_secret(std::string_view json) {
  const nlohmann::json secret = nlohmann::json::parse(json, nullptr, false);
  if (!secret.is_object()) return fail(Code::kMalformed, "not a Secret");
  const nlohmann::json metadata = object_at(secret, "metadata");
  Record record;
  record.name = text_at(metadata, "name");
  record.resource_version = text_at(metadata, "resourceVersion");
  const auto kind = kind_from(text_at(object_at(metadata, "labels"), kRecordLabel));
  if (!kind || record.name.empty() || record.resource_version.empty()) {
    return fail(Code::kMalformed, "Secret " + record.name + " is none of cloudcore's (label " +
                                      std::string(kRecordLabel) + ")");
  }
  record.kind = *kind;
  const nlohmann::json data = object_at(secret, "data");
  for (const auto& [key, value] : data.items()) {
    Result<std::string> bytes = value.is_string()
                                    ? decode_base64(value.get_ref<const std::string&>())
                                    : Result<std::string>(fail(Code::kMalformed, "not text"));
    if (!bytes) return fail("Secret " + record.name + ", data " + key, bytes.error());
    record.data[key] = std::move(*bytes);
  }
  return record;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t word = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      word = word << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= count ? kBase64[word >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet(kBase64, 64);
  if (text.size() % 4 != 0) return fail(Code::kMalformed, "not base64");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::string_view digits = text.substr(0, text.size() - padding);
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t word = 0;
  unsigned bits = 0;
  for (const char c : digits) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return fail(Code::kMalformed, "not base64");
    word = (word << 6 | static_cast<std::uint32_t>(digit)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(word >> bits & 0xff);
  }
  return out;
}

}  // namespace skerry::cloudhub
