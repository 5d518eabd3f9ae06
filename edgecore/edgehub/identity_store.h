// Who this node is: `<data-dir>/identity/` with node.key, node.crt, ca.crt and config.yaml. Each
// file is replaced atomically with mode 0600 and is durable when the call returns. The token is
// never kept. node.crt is written last: with it the node has joined. Source: design.md section 6.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/lane/message.h"
#include "common/tls/certificate.h"

namespace skerry::edgehub {

/// What `edgecore join` was told. config.yaml has it under KubeEdge's keys, so that it can be laid
/// over the configuration's defaults (config::parse_edge_config).
struct JoinedConfig {
  NodeName node;
  std::string server;  // "host:port"
  std::map<std::string, std::string> labels;
  std::string runtime_endpoint;  // empty: the default
};

struct StoredIdentity {
  std::string key_pem;  // secret
  std::string certificate_pem;
  std::string ca_bundle_pem;
  std::string config_yaml;
  tls::CertificateInfo certificate;  // of the leaf
  NodeName node;                     // from the certificate
};

/// Owner: App, or a command while no daemon runs. Thread: one at a time; blocking, small files.
class IdentityStore {
 public:
  explicit IdentityStore(std::filesystem::path data_dir);

  /// Nothing: never joined (or not to its end). Errors: kStorage; kMalformed, kConflict (damaged:
  /// join again with a new token).
  Result<std::optional<StoredIdentity>> load() const;

  /// The key to join with: the one that is there, so that a repeated join is the same join, else a
  /// new one, durable before it is used. Errors: kStorage, kMalformed.
  Result<std::string> key_for_join();
  Result<void> save_join(const lane::CertificateReply& reply, const JoinedConfig& config);
  /// After a renewal with the same key. Errors besides: kConflict (a certificate for another key).
  Result<void> save_renewed(const lane::CertificateReply& reply);
  Result<void> save_ca_bundle(const std::string& pem);
  /// Forgets everything; fine when there is nothing.
  Result<void> remove();

  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

std::string encode_joined_config(const JoinedConfig& config);

}  // namespace skerry::edgehub
