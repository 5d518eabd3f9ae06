// Private keys and certificate requests: what a node makes for itself. PEM in and out.
// Any thread; nothing is kept. Source: design.md section 6.
#pragma once

#include <string>
#include <vector>

#include "common/base/hash.h"
#include "common/base/result.h"

namespace skerry::tls {

/// A new EC P-256 key, PKCS#8, not encrypted: store it with mode 0600.
Result<std::string> make_key();

/// A request for `common_name` signed by the key. The server uses nothing of it but the public key.
/// Errors: kMalformed (the key).
Result<std::string> make_request(const std::string& key_pem, const std::string& common_name);

struct RequestInfo {
  std::string common_name;
  std::vector<std::string> organisations;
  std::vector<std::string> dns_names;     // what it wants to be valid for
  std::vector<std::string> ip_addresses;  // as text
  bool other_names = false;               // it names e-mail addresses or URIs, too
  Sha256 public_key_sha256;               // of the DER SubjectPublicKeyInfo: which key asked
};
/// Errors: kMalformed, kForbidden (the signature is not by the request's own key; a weak key),
/// kTooLarge.
Result<RequestInfo> parse_request(const std::string& request_pem);

/// Errors: kMalformed (either is not PEM), kConflict (the certificate is for another key).
Result<void> check_key_matches(const std::string& key_pem, const std::string& certificate_pem);

}  // namespace skerry::tls
