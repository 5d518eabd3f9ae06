#include "cloudcore/standalone/access/web_token.h"

#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kAlgorithm = "ES256";

std::string base64url(std::string_view bytes) {
  std::string out = encode_base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return out;
}

std::optional<json> decoded_part(std::string_view part) {
  const auto bytes = decode_base64url(part);
  if (!bytes) return std::nullopt;
  json out = json::parse(*bytes, nullptr, false);
  if (!out.is_object()) return std::nullopt;
  return out;
}

}  // namespace

std::string encode_web_token(const json& claims, const tls::SigningKey& key) {
  const json head = {{"alg", kAlgorithm}, {"kid", web_key_id(key)}};
  const std::string text = base64url(head.dump()) + "." + base64url(claims.dump());
  return text + "." + base64url(key.sign(text));
}

std::optional<json> decode_web_token(std::string_view token, const tls::SigningKey& key) {
  if (token.size() > kWebTokenBytesMax) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto head = decoded_part(token.substr(0, first));
  if (!head || fields::text(*head, "alg") != kAlgorithm) return std::nullopt;
  const auto signature = decode_base64url(token.substr(last + 1));
  if (!signature || !key.verify(token.substr(0, last), *signature)) return std::nullopt;
  return decoded_part(token.substr(first + 1, last - first - 1));
}

std::string web_key_id(const tls::SigningKey& key) {
  const Sha256& hash = key.public_key_sha256();
  return base64url({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

json web_key(const tls::SigningKey& key) {
  return {{"use", "sig"},           {"kty", "EC"},       {"kid", web_key_id(key)},
          {"crv", "P-256"},         {"alg", kAlgorithm}, {"x", base64url(key.x())},
          {"y", base64url(key.y())}};
}

}  // namespace skerry::standalone
