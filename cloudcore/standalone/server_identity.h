// Who the standalone API is: its CA, its server certificate, its administrator. Files under
// <data_dir>/standalone, mode 0600, made once.
//
// Owner: Standalone. Thread: its loop.
#pragma once

#include <cstdint>
#include <string>

#include "cloudcore/standalone/standalone.h"
#include "common/base/units.h"
#include "common/seam/world.h"
#include "common/tls/authority.h"
#include "common/tls/context.h"

namespace skerry::standalone {

class ServerIdentity {
 public:
  /// Errors: kStorage, kMalformed (a file that is no CA: its path).
  static Result<ServerIdentity> open(const StandaloneOptions& options, seam::World world);

  /// A new server certificate. Errors: those of tls::issue_server_certificate.
  Result<tls::Identity> issue(WallTime now);
  bool needs_reissue(WallTime now) const { return now >= reissue_at_; }

  /// <data_dir>/kubeconfig, mode 0600. Errors: kStorage.
  Result<std::string> write_kubeconfig(std::uint16_t port) const;

  const std::string& ca_pem() const { return authority_.certificate_pem; }
  const std::string& admin_token() const { return admin_token_; }

 private:
  StandaloneOptions options_;
  tls::Authority authority_;
  std::string admin_token_;
  WallTime reissue_at_{};
};

}  // namespace skerry::standalone
