// JSON Web Tokens signed with ES256, and the key as a JSON Web Key. Pure.
// Source: RFC 7515, 7517, 7518, 7519.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/tls/signing_key.h"

namespace skerry::standalone {

inline constexpr std::size_t kWebTokenBytesMax = 16 * 1024;

std::string encode_web_token(const nlohmann::json& claims, const tls::SigningKey& key);
/// The claims; nothing: no token, or not one by this key. Times are not looked at.
std::optional<nlohmann::json> decode_web_token(std::string_view token, const tls::SigningKey& key);

std::string web_key_id(const tls::SigningKey& key);
nlohmann::json web_key(const tls::SigningKey& key);

}  // namespace skerry::standalone
