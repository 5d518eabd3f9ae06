#include "common/tls/context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/base/assert.h"
#include "common/tls/openssl.h"
#include "common/tls/verification.h"

namespace skerry::tls {
namespace {

using ContextPtr = std::shared_ptr<ssl_ctx_st>;

constexpr int kChainDepthMax = 4;
constexpr long kPeerChainBytesMax = 32 * 1024;

ContextPtr make_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method), SSL_CTX_free);
  SKERRY_ASSERT(context, "no memory for a TLS context");
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
  SSL_CTX_set_security_level(ctx, 2);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  // An idle connection holds no buffers; writes may be cut and repeated from another address.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(ctx, kChainDepthMax);
  SSL_CTX_set_max_cert_list(ctx, kPeerChainBytesMax);
  use_verification(ctx);
  return context;
}

bool is_root(X509* certificate) { return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0; }

/// `with_root`: the hub sends its root, so that a join can compare it. A node does not: the hub has
/// it, and would keep a copy for every connection.
Result<void> use_identity(SSL_CTX* ctx, const Identity& own, bool with_root) {
  const auto chain = certificates_from_pem(own.chain_pem);
  if (!chain) return fail("own certificate", chain.error());
  const Result<KeyPtr> key = key_from_pem(own.key_pem);
  if (!key) return fail("own key", key.error());
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return fail(Code::kConflict, "the own certificate is for another private key");
  }
  bool used = SSL_CTX_use_certificate(ctx, chain->front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key->get()) == 1;
  for (std::size_t i = 1; used && i < chain->size(); ++i) {
    if (!with_root && is_root((*chain)[i].get())) continue;
    used = SSL_CTX_add1_chain_cert(ctx, (*chain)[i].get()) == 1;
  }
  if (!used) return fail(Code::kForbidden, "the own certificate is unusable: " + openssl_error());
  return {};
}

Result<void> use_trust(SSL_CTX* ctx, const std::string& bundle_pem) {
  const auto bundle = certificates_from_pem(bundle_pem);
  if (!bundle) return fail("CA bundle", bundle.error());
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  for (const X509Ptr& certificate : *bundle) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) {
      return fail(Code::kInternal, "cannot use the CA bundle: " + openssl_error());
    }
  }
  return {};
}

Result<ContextPtr> server_context(const Identity& own, const std::string& client_ca_pem) {
  ContextPtr context = make_context(TLS_server_method());
  if (const Result<void> used = use_identity(context.get(), own, true); !used) return fail(used.error());
  if (const Result<void> used = use_trust(context.get(), client_ca_pem); !used) {
    return fail(used.error());
  }
  return context;
}

Result<Session> start_session(SSL_CTX* ctx, std::unique_ptr<Verification> verification) {
  SSL* ssl = SSL_new(ctx);
  if (ssl == nullptr) return fail(Code::kInternal, "no TLS session: " + openssl_error());
  attach_verification(ssl, verification.get());
  if (verification->is_server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
  return Session(ssl, std::move(verification));
}

bool is_ip_address(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, Free> address(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

// SNI is for names alone (RFC 6066 section 3).
bool expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (is_ip_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  return X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

// ---- Session ---------------------------------------------------------------------------------

Session::Session(ssl_st* ssl, std::unique_ptr<Verification> verification)
    : ssl_(ssl), verification_(std::move(verification)) {}

Session::~Session() { SSL_free(ssl_); }

Session::Session(Session&& other) noexcept
    : ssl_(std::exchange(other.ssl_, nullptr)), verification_(std::move(other.verification_)) {}

Session& Session::operator=(Session&& other) noexcept {
  std::swap(ssl_, other.ssl_);
  std::swap(verification_, other.verification_);
  return *this;
}

const std::optional<CertificateInfo>& Session::peer() const { return verification_->peer; }

bool Session::peer_expired() const { return verification_->peer_expired; }

Error Session::explain() const { return explain_failure(*verification_); }

// ---- ServerContext ---------------------------------------------------------------------------

Result<std::shared_ptr<ServerContext>> ServerContext::create(const Identity& own,
                                                             const std::string& client_ca_pem) {
  std::shared_ptr<ServerContext> made(new ServerContext);
  if (const Result<void> loaded = made->reload(own, client_ca_pem); !loaded) {
    return fail(loaded.error());
  }
  return made;
}

Result<void> ServerContext::reload(const Identity& own, const std::string& client_ca_pem) {
  Result<ContextPtr> made = server_context(own, client_ca_pem);
  if (!made) return fail(made.error());
  const std::lock_guard lock(mutex_);
  context_ = std::move(*made);
  return {};
}

Result<Session> ServerContext::start(WallTime now) const {
  ContextPtr context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  auto verification = std::make_unique<Verification>();
  verification->now = now;
  verification->is_server = true;
  return start_session(context.get(), std::move(verification));
}

// ---- ClientContext ---------------------------------------------------------------------------

Result<std::shared_ptr<ClientContext>> ClientContext::create(const ServerTrust& trust,
                                                             const std::optional<Identity>& own) {
  std::shared_ptr<ClientContext> made(new ClientContext);
  made->context_ = make_context(TLS_client_method());
  made->pinned_root_ = trust.pinned_root;
  if (own) {
    const Result<void> used = use_identity(made->context_.get(), *own, false);
    if (!used) return fail(used.error());
  }
  if (!trust.pinned_root) {
    const Result<void> used = use_trust(made->context_.get(), trust.bundle_pem);
    if (!used) return fail(used.error());
  }
  return made;
}

Result<Session> ClientContext::start(const std::string& host, WallTime now) const {
  auto verification = std::make_unique<Verification>();
  verification->now = now;
  verification->host = host;
  verification->pinned_root = pinned_root_;
  Result<Session> session = start_session(context_.get(), std::move(verification));
  if (session && !expect_host(session->ssl(), host)) {
    return fail(Code::kMalformed, "\"" + host + "\" is neither a host name nor an IP address");
  }
  return session;
}

}  // namespace skerry::tls
