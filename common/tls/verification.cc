#include "common/tls/verification.h"

#include <openssl/err.h>

#include "common/base/assert.h"
#include "common/tls/certificate_info.h"

namespace skerry::tls {
namespace {

// ---- words -----------------------------------------------------------------------------------

std::string whose(const Verification& v) {
  return v.is_server ? "the node's certificate" : "the certificate of " + v.host;
}

std::string untrusted(const Verification& v) {
  if (v.is_server) return " was not issued by this hub's CA: the node has to join again";
  return " was not issued by a CA that this node trusts: wrong address, or the hub has a new CA "
         "and the "
         "node has to join again";
}

// Reasons of X509_verify_cert(3), as far as there is something to do about them.
std::string reason_text(const Verification& v, int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return untrusted(v);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return " does not name that host: dial a name or address that it has, or add this one to the "
             "hub's advertised addresses";
    case X509_V_ERR_INVALID_PURPOSE:
      return v.is_server ? " is not for clients" : " is not for servers (no serverAuth)";
    default:
      return std::string(" is refused: ") + X509_verify_cert_error_string(error);
  }
}

int refuse(X509_STORE_CTX* context, Verification& v, int error, std::string why) {
  v.refused = Error{Code::kUnauthorized, whose(v) + std::move(why), {}};
  X509_STORE_CTX_set_error(context, error);  // chooses the alert that the peer gets
  return 0;
}

// ---- judgement -------------------------------------------------------------------------------

// The certificate with the pinned hash becomes the only anchor. The chain is verified against it
// all the same: anybody may send a public root beside a certificate of his own.
bool trust_pinned_root(X509_STORE_CTX* context, Verification& v) {
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(context);
  v.anchors.reset(sk_X509_new_null());
  SKERRY_ASSERT(v.anchors, "no memory for a certificate stack");
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* candidate = sk_X509_value(sent, i);
    if (der_sha256(candidate) == *v.pinned_root) sk_X509_push(v.anchors.get(), candidate);
  }
  X509_STORE_CTX_set0_trusted_stack(context, v.anchors.get());
  return sk_X509_num(v.anchors.get()) > 0;
}

// Done here and not by OpenSSL: the time is the caller's (a box without a clock uses its time
// floor), and OpenSSL would take it as a time_t.
int check_times(X509_STORE_CTX* context, Verification& v) {
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  for (int depth = 0; depth < sk_X509_num(chain); ++depth) {
    X509* certificate = sk_X509_value(chain, depth);
    const WallTime from = to_wall(X509_get0_notBefore(certificate));
    const WallTime to = to_wall(X509_get0_notAfter(certificate));
    const std::string seen = " (the clock here says " + to_text(v.now) + ")";
    if (v.now < from) {
      return refuse(context, v, X509_V_ERR_CERT_NOT_YET_VALID,
                    " is valid only from " + to_text(from) + seen + ": check both clocks");
    }
    if (v.now <= to) continue;
    if (v.is_server && depth == 0) {
      v.peer_expired = true;
      continue;
    }
    return refuse(context, v, X509_V_ERR_CERT_HAS_EXPIRED, " expired at " + to_text(to) + seen);
  }
  return 1;
}

int judge(X509_STORE_CTX* context, void*) {
  SSL* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Verification& v = *static_cast<Verification*>(SSL_get_app_data(ssl));
  const CertificateInfo peer = info_of(X509_STORE_CTX_get0_cert(context));
  if (v.pinned_root && !trust_pinned_root(context, v)) {
    return refuse(
        context, v, X509_V_ERR_CERT_REJECTED,
        " does not come from the CA that the join token names: wrong hub, or the token is of "
        "another cluster; nothing was sent to it");
  }
  if (X509_verify_cert(context) <= 0) {
    const int error = X509_STORE_CTX_get_error(context);
    return refuse(context, v, error, reason_text(v, error));
  }
  if (!(v.is_server ? peer.client_auth : peer.server_auth)) {
    return refuse(context, v, X509_V_ERR_INVALID_PURPOSE,
                  reason_text(v, X509_V_ERR_INVALID_PURPOSE));
  }
  if (check_times(context, v) == 0) return 0;
  v.peer = peer;
  return 1;
}

// ---- the peer's alerts (RFC 8446 section 6) -----------------------------------------------------

std::optional<Error> alert_error(int alert) {
  const auto unauthorized = [](std::string what) { return Error{Code::kUnauthorized, what, {}}; };
  switch (alert) {
    case SSL_AD_CERTIFICATE_EXPIRED:
      return unauthorized("the other side says that our certificate has expired");
    case SSL_AD_CERTIFICATE_REVOKED:
      return unauthorized("the other side says that our certificate is revoked");
    case SSL_AD_UNKNOWN_CA:
      return unauthorized("the other side does not trust the CA of our certificate: join again");
    case SSL_AD_CERTIFICATE_REQUIRED:
      return unauthorized("the other side demands a certificate: join first");
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_ACCESS_DENIED:
      return unauthorized("the other side refuses our certificate: join again");
    case SSL_AD_PROTOCOL_VERSION:
      return Error{Code::kUnsupported, "the other side does not speak TLS 1.3", {}};
    case SSL_AD_HANDSHAKE_FAILURE:
      return Error{
          Code::kUnsupported, "the other side shares no TLS 1.3 cipher or key exchange", {}};
    default:
      return std::nullopt;
  }
}

}  // namespace

void attach_verification(SSL* ssl, Verification* verification) {
  SSL_set_app_data(ssl, verification);
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  // Partial chain: a bundle or a join token may name an intermediate CA.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

void use_verification(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, judge, nullptr);
}

Error explain_failure(const Verification& verification) {
  const unsigned long first = ERR_peek_error();
  const int reason = ERR_GET_REASON(first);
  const std::string text = openssl_error();
  if (verification.refused) return *verification.refused;
  if (ERR_GET_LIB(first) == ERR_LIB_SSL) {
    if (const auto alert = alert_error(reason - SSL_AD_REASON_OFFSET)) return *alert;
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
      return {Code::kUnsupported, "the other side does not speak TLS on this port", {}};
    }
    if (reason == SSL_R_UNSUPPORTED_PROTOCOL) {
      return {Code::kUnsupported, "the other side does not speak TLS 1.3", {}};
    }
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      return {Code::kUnavailable, "the other side closed the connection", {}};
    }
  }
  return {Code::kUnavailable, "TLS failed: " + text, {}};
}

}  // namespace skerry::tls
