// What the hub's certificate authority signs. Fields of certificates: common/tls/authority.h; which
// CA it is: ca_set.h. Source: design.md section 6.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/ca_set.h"
#include "cloudcore/cloudhub/join_token.h"
#include "common/base/ids.h"
#include "common/seam/world.h"
#include "common/tls/authority.h"

namespace skerry::kube {
class Client;
}

namespace skerry::cloudhub {

inline constexpr std::string_view kNodeNamePrefix = "system:node:";

struct ServerNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  friend bool operator==(const ServerNames&, const ServerNames&) = default;
};

/// Sorts names and addresses apart, lower-cases, drops doubles, empty ones and scoped link-local
/// ones.
ServerNames server_names(const std::vector<std::string>& wanted);
/// The host's name and the addresses of its interfaces, for server_names(). Asks the system.
std::vector<std::string> local_server_names();

struct ServerCertificate {
  std::string chain_pem;  // leaf, then the root: a joining edge pins it
  std::string key_pem;    // secret; made anew each time, never stored
  ServerNames names;
  WallTime not_before{};
  WallTime not_after{};
};
/// After two thirds of its life, or when the names have changed.
bool needs_reissue(const ServerCertificate& certificate, const ServerNames& names, WallTime now);

/// Immutable. Owner: App. Thread: any.
class Pki {
 public:
  /// Errors: kMalformed, kForbidden, kConflict, kGone as tls::check_authority.
  static Result<std::shared_ptr<const Pki>> make(const CaSet& set,
                                                 std::chrono::seconds node_life,
                                                 WallTime now);

  /// CN system:node:<node> by the request's key; the request must ask for that very name.
  /// Errors: kMalformed, kForbidden: the request.
  Result<TokenUse> issue_node(const NodeName& node,
                              const std::string& request_pem,
                              WallTime now) const;
  Result<ServerCertificate> issue_server(const ServerNames& names, WallTime now) const;

  /// What edges are to trust, and whose certificates theirs may be: as of the moment of make().
  const std::string& bundle_pem() const { return bundle_pem_; }
  const std::string& node_issuers_pem() const { return node_issuers_pem_; }
  const std::string& hash() const { return hash_; }  // hex SHA-256 of the root's DER
  WallTime not_after() const { return not_after_; }

 private:
  Pki() = default;
  tls::Authority authority_;
  std::string bundle_pem_;
  std::string node_issuers_pem_;
  std::string hash_;
  std::chrono::seconds node_life_{};
  WallTime not_after_{};
};

/// Errors: kNotFound, kStorage, kTooLarge.
Result<tls::Authority> read_authority_files(const std::string& certificate_file,
                                            const std::string& key_file);

/// The CA by which the API server knows its clients, empty when it cannot be read (RBAC) or is
/// none.
async::Task<Result<std::string>> read_cluster_client_ca(std::shared_ptr<kube::Client> client);
/// kForbidden when nodes' certificates would be credentials of the Kubernetes API.
Result<void> check_not_client_ca(const tls::Authority& authority, const std::string& client_ca_pem);

}  // namespace skerry::cloudhub
