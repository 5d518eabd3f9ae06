// The certificate authority: makes its own root, signs for nodes and for the hub. The signer alone
// decides every field; of a request only the public key is used. Any thread; nothing is kept.
// Source: design.md section 6.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::tls {

struct Authority {
  std::string certificate_pem;
  std::string key_pem;  // secret
};

/// A self-signed P-256 root, valid for 10 years, backdated by kCertificateBackdate.
Result<Authority> make_authority(const std::string& common_name, WallTime now);

/// Whether it can sign. Errors: kMalformed (PEM), kConflict (key of another certificate),
/// kForbidden (not a CA certificate, weak key), kGone (expired).
Result<void> check_authority(const Authority& authority, WallTime now);

struct NodeOrder {
  NodeName node;
  std::string request_pem;
  WallTime now{};
  std::chrono::seconds life = kNodeCertificateLife;  // never more than that, nor than the CA's own
};
/// CN system:node:<name>, O system:nodes, clientAuth alone, random serial, backdated. The leaf
/// alone: append the authority's certificate for a chain. Errors: kMalformed, kForbidden (see
/// parse_request), those of check_authority.
Result<std::string> issue_node_certificate(const Authority& authority, const NodeOrder& order);

struct ServerOrder {
  std::string key_pem;  // the hub's own
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  WallTime now{};
  std::chrono::seconds life = kNodeCertificateLife;
};
/// serverAuth alone, every name and address as SAN; at least one is needed.
/// Errors: kMalformed (a name or an address: the text names it), those of check_authority.
Result<std::string> issue_server_certificate(const Authority& authority, const ServerOrder& order);

}  // namespace skerry::tls
