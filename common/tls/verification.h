// Private to common/tls: how one handshake judges the peer's certificate chain, and why it said no.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "common/base/hash.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/tls/certificate.h"

namespace skerry::tls {

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }  // borrowed certificates
};

/// Owner: the Session, for as long as its SSL object lives.
struct Verification {
  // Asked for.
  WallTime now{};
  bool is_server = false;             // the peer is a node: clientAuth, may be expired
  std::string host;                   // client: what the certificate must be valid for
  std::optional<Sha256> pinned_root;  // client: the only trust anchor, taken from the peer's chain

  // Found.
  std::optional<CertificateInfo> peer;
  bool peer_expired = false;
  std::optional<Error> refused;
  std::unique_ptr<STACK_OF(X509), FreeStack> anchors;  // holds pinned_root's certificate meanwhile
};

/// Makes `ssl` judge its peer by `verification`, which must outlive it.
void attach_verification(SSL* ssl, Verification* verification);
/// Makes every SSL object of this context use the verification attached to it.
void use_verification(SSL_CTX* context);

/// Why a TLS call failed, from our own judgement, the peer's alert or OpenSSL's queue (which is
/// emptied). Errors that mean "the other side will not have us" are kUnauthorized.
Error explain_failure(const Verification& verification);

}  // namespace skerry::tls
