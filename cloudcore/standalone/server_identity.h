// Who the standalone API is: its CA, its server certificate, the key of its tokens, and the
// certificates of its administrator and of cloudcore itself. Files under <data_dir>/standalone,
// mode 0600, made once.
//
// Owner: Standalone. Thread: its loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cloudcore/standalone/standalone.h"
#include "common/base/units.h"
#include "common/seam/world.h"
#include "common/tls/authority.h"
#include "common/tls/context.h"
#include "common/tls/signing_key.h"

namespace skerry::standalone {

class ServerIdentity {
 public:
  /// Errors: kStorage, kMalformed (a file that is no CA: its path).
  static Result<ServerIdentity> open(const StandaloneOptions& options, seam::World world);

  /// A new server certificate. Errors: those of tls::issue_server_certificate.
  Result<tls::Identity> issue(WallTime now);
  bool needs_reissue(WallTime now) const { return now >= reissue_at_; }

  /// Whose kubeconfig: the administrator's, who may do everything, is <data_dir>/kubeconfig;
  /// cloudcore's own <data_dir>/standalone/cloudcore.kubeconfig.
  enum class Client { kAdministrator, kCloudcore };
  /// Writes it, mode 0600, unless it is there and good for a while; the answer is its path. Errors:
  /// kStorage, those of tls::issue_certificate.
  Result<std::string> write_kubeconfig(Client client, std::uint16_t port, WallTime now) const;

  const std::string& ca_pem() const { return authority_.certificate_pem; }
  const tls::Authority& authority() const { return authority_; }
  const tls::SigningKey& token_key() const { return *token_key_; }

 private:
  StandaloneOptions options_;
  tls::Authority authority_;
  std::optional<tls::SigningKey> token_key_;
  WallTime reissue_at_{};
};

}  // namespace skerry::standalone
