// SHA-256 and the short digests made from it. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace skerry {

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view bytes);
std::string to_hex(std::string_view bytes);

/// First 128 bits of a SHA-256: enough to tell versions and buckets apart, half the bytes on the
/// link.
struct Digest {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const Digest&, const Digest&) = default;
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string hex() const { return to_hex(view()); }
};

Digest digest(std::string_view bytes);
/// From exactly 16 raw bytes; any other length gives the zero digest.
Digest digest_from_bytes(std::string_view raw);

}  // namespace skerry
