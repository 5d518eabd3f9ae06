// Nodes for the load client: identities signed by the hub's own CA, and of each what its store
// would hold. Bench only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/lane/message.h"
#include "common/tls/authority.h"

namespace skerry::bench {

/// One node between its connections.
struct FleetNode {
  NodeName name;
  std::shared_ptr<X509> certificate;
  StoreId store;
  ClusterId cluster;
  std::optional<lane::ContentEntry> content;  // its Node object, the only one it is sent
  std::optional<lane::StatusEntry> status;    // what it reported last and the cloud took
  ResourceVersion seen;
  std::uint64_t reports = 0;
};

struct Fleet {
  std::vector<FleetNode> nodes;
  std::shared_ptr<EVP_PKEY> key;  // one for all: making them is not what is measured
};

/// Names: prefix-0, prefix-1, ...
Result<Fleet> make_fleet(const tls::Authority& authority, const std::string& prefix, int count);

/// TLS 1.3 as edgecore speaks it, but without judging the hub: the client's time is not measured.
std::shared_ptr<SSL_CTX> client_context();

}  // namespace skerry::bench
