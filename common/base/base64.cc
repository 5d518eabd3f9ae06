#include "common/base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace skerry {
namespace {

using Digits = std::array<std::int8_t, 256>;  // of each byte; -1: none of the alphabet

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr Digits digits_of(std::string_view alphabet) {
  Digits digits{};
  for (auto& digit : digits) digit = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return digits;
}

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

struct Decoded {
  std::string bytes;
  std::size_t digits = 0;
};

Result<Decoded> decode(std::string_view text, const Digits& alphabet) {
  Decoded out;
  out.bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t window = 0;
  int bits = 0;
  for (const char c : text) {
    if (is_line_end(c)) continue;
    const std::int8_t six = alphabet[static_cast<unsigned char>(c)];
    if (six < 0) return fail(Code::kMalformed, "not base64: a character outside its alphabet");
    ++out.digits;
    window = (window << 6 | static_cast<std::uint32_t>(six)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.bytes.push_back(static_cast<char>(window >> bits & 0xff));
  }
  if (out.digits % 4 == 1) return fail(Code::kMalformed, "not base64: it was cut short");
  return out;
}

}  // namespace

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
      out += i <= count ? kStandard[word >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  static constexpr Digits kDigits = digits_of(kStandard);
  std::size_t padding = 0;
  while (!text.empty() && (is_line_end(text.back()) || (text.back() == '=' && padding < 2))) {
    padding += text.back() == '=';
    text.remove_suffix(1);
  }
  Result<Decoded> decoded = decode(text, kDigits);
  if (!decoded) return fail(decoded.error());
  if ((decoded->digits + padding) % 4 != 0) {
    return fail(Code::kMalformed, "not base64: its length is no multiple of 4");
  }
  return std::move(decoded->bytes);
}

Result<std::string> decode_base64url(std::string_view text) {
  static constexpr Digits kDigits = digits_of(kUrl);
  Result<Decoded> decoded = decode(text, kDigits);
  if (!decoded) return fail(decoded.error());
  return std::move(decoded->bytes);
}

}  // namespace skerry
