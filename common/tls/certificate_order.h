// Certificates whose subject the caller decides, for users and servers of a Kubernetes API. Any
// thread; nothing is kept.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/tls/authority.h"

namespace skerry::tls {

struct CertificateOrder {
  std::string request_pem;  // whose public key; nothing else of it is used
  std::string common_name;
  std::vector<std::string> organisations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool server = false;  // serverAuth; else clientAuth
  WallTime now{};
  std::chrono::seconds life{};  // not beyond the CA's own
};
/// The leaf alone. Errors: those of issue_node_certificate and issue_server_certificate.
Result<std::string> issue_certificate(const Authority& authority, const CertificateOrder& order);

}  // namespace skerry::tls
