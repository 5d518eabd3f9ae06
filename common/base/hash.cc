#include "common/base/hash.h"

#include <openssl/sha.h>

#include <algorithm>

namespace skerry {

Sha256 sha256(std::string_view bytes) {
  Sha256 out;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Digest digest(std::string_view bytes) {
  const Sha256 whole = sha256(bytes);
  Digest out;
  std::copy_n(whole.begin(), out.bytes.size(), out.bytes.begin());
  return out;
}

Digest digest_from_bytes(std::string_view raw) {
  Digest out;
  if (raw.size() == out.bytes.size()) std::copy(raw.begin(), raw.end(), out.bytes.begin());
  return out;
}

}  // namespace skerry
