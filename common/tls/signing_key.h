// A P-256 key that signs and verifies as ES256 of JSON Web Signatures does: the signature is r and
// s, 32 bytes each. Owner: whoever issues tokens. Any thread. Source: RFC 7518 section 3.4.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/hash.h"
#include "common/base/result.h"

struct evp_pkey_st;

namespace skerry::tls {

class SigningKey {
 public:
  /// Errors: kMalformed, kForbidden (another kind of key than P-256).
  static Result<SigningKey> from_pem(const std::string& key_pem);

  /// 64 bytes.
  std::string sign(std::string_view text) const;
  bool verify(std::string_view text, std::string_view signature) const;

  /// The public point's coordinates, 32 bytes each.
  const std::string& x() const { return x_; }
  const std::string& y() const { return y_; }
  const Sha256& public_key_sha256() const { return sha256_; }  // of its DER SubjectPublicKeyInfo

 private:
  SigningKey() = default;
  std::shared_ptr<evp_pkey_st> key_;  // secret
  std::string x_;
  std::string y_;
  Sha256 sha256_{};
};

}  // namespace skerry::tls
