// What a certificate says. Any thread; pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/hash.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::tls {

struct CertificateInfo {
  std::string common_name;
  std::string organisation;  // the first O
  std::vector<std::string> organisations;
  std::string serial_hex;  // lower case, without leading zeros
  WallTime not_before{};
  WallTime not_after{};  // clamped to 2262
  bool is_ca = false;
  bool server_auth = false;  // named in the extended key usage; without that extension false
  bool client_auth = false;
  Sha256 sha256{};             // of the DER form
  Sha256 public_key_sha256{};  // of the DER SubjectPublicKeyInfo
};

/// Leaf first, as in the text. Errors: kMalformed, kTooLarge (256 KiB).
Result<std::vector<CertificateInfo>> parse_chain(const std::string& pem);
/// The first one.
Result<CertificateInfo> parse_certificate(const std::string& pem);

}  // namespace skerry::tls
