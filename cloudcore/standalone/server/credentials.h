// What a connection and a request's head prove about who asks.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/tls/certificate.h"

namespace skerry::standalone {

struct Credentials {
  std::optional<tls::CertificateInfo> certificate;
  bool certificate_expired = false;
  std::string bearer_token;  // secret
  /// The Impersonate- headers, names in lower case, without that beginning.
  std::vector<std::pair<std::string, std::string>> impersonate;
};

}  // namespace skerry::standalone
