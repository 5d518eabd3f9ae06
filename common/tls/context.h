// What TLS connections are made from: the hub's own certificate and the CA it accepts; a node's
// trust and its certificate. TLS 1.3 alone, no session tickets. Source: design.md section 6.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/hash.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/tls/certificate.h"

struct ssl_st;
struct ssl_ctx_st;

namespace skerry::tls {

struct Verification;

/// One connection's TLS state, before and after the handshake. Owner: the stream that drives it.
/// Thread: one at a time.
class Session {
 public:
  Session(ssl_st* ssl, std::unique_ptr<Verification> verification);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  ssl_st* ssl() const { return ssl_; }
  /// What the peer proved to be; nothing before the handshake and for a peer without certificate.
  const std::optional<CertificateInfo>& peer() const;
  bool peer_expired() const;
  /// Call once after a TLS call failed with SSL_ERROR_SSL: why, in words, with what to do.
  Error explain() const;

 private:
  ssl_st* ssl_;
  std::unique_ptr<Verification> verification_;
};

/// A certificate with its key.
struct Identity {
  std::string chain_pem;  // leaf first; the hub's ends with its root, so that a join can compare it
  std::string key_pem;    // secret
};

/// Owner: cloudhub. Thread: any; a mutex guards only the exchange of the pointer.
class ServerContext {
 public:
  /// `client_ca_pem`: who may have issued a node's certificate.
  /// Errors: kMalformed (PEM), kConflict (key of another certificate).
  static Result<std::shared_ptr<ServerContext>> create(const Identity& own,
                                                       const std::string& client_ca_pem);
  /// For handshakes from now on; on an error the former identity stays.
  Result<void> reload(const Identity& own, const std::string& client_ca_pem);

  /// A peer without certificate is accepted (it may only join), an expired one is accepted and
  /// flagged (it may only renew); anything else that is wrong with it is refused.
  Result<Session> start(WallTime now) const;

 private:
  ServerContext() = default;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;
};

/// Whom a node believes. A pinned root is for the join alone: the chain that the hub sends must
/// hold the certificate with this hash and lead to it.
struct ServerTrust {
  std::string bundle_pem;
  std::optional<Sha256> pinned_root;  // then the bundle is not used
};

/// Owner: edgehub. Thread: any.
class ClientContext {
 public:
  /// Errors: kMalformed (PEM), kConflict (key of another certificate).
  static Result<std::shared_ptr<ClientContext>> create(const ServerTrust& trust,
                                                       const std::optional<Identity>& own);

  /// `host`: name or IP address that the certificate must have as SAN. `now`: the clock, or the
  /// time floor of a box whose clock is behind it.
  Result<Session> start(const std::string& host, WallTime now) const;

 private:
  ClientContext() = default;
  std::shared_ptr<ssl_ctx_st> context_;
  std::optional<Sha256> pinned_root_;
};

}  // namespace skerry::tls
