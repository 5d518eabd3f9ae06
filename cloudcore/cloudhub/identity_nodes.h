// Which nodes exist, by which certificates: one record per node that has joined.
// Source: design.md section 6.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/identity_store.h"
#include "cloudcore/cloudhub/join_token.h"

namespace skerry::cloudhub {

inline constexpr std::size_t kJoinNodeNameMax = 200;  // becomes part of a Secret's name
inline constexpr std::size_t kLineageMax = 8;

struct NodeIdentity {
  NodeName node;
  std::string key_hash;  // of the newest certificate
  std::string serial;
  WallTime issued{};
  WallTime not_after{};
  WallTime joined{};
  std::string token_id;  // by which it joined last
  Labels labels;         // for its Node when that is created
  /// Serials since the last join, the newest last: only these may be renewed. A renewal whose
  /// answer was lost leaves the node with an older one.
  std::vector<std::string> lineage;
  /// The Node was created since the last join: if it is missing now, an administrator deleted it.
  bool registered = false;
  /// Into which an administrator let it come although its store is another cluster's.
  ClusterId accepted_cluster;
  std::string ca_held;  // ca_hash() of the next CA that it told to hold; empty: of none
  std::string resource_version;
};

std::string identity_record_name(const NodeName& node);
Record encode_identity(const NodeIdentity& identity);
/// Errors: kMalformed.
Result<NodeIdentity> decode_identity(const Record& record);

/// The lineage after `presented` was renewed to `issued`.
std::vector<std::string> extend_lineage(std::vector<std::string> lineage,
                                        const std::string& presented,
                                        const std::string& issued);

/// Nothing: the node never joined.
async::Task<Result<std::optional<NodeIdentity>>> find_identity(std::shared_ptr<IdentityStore> store,
                                                               NodeName node);
async::Task<Result<std::vector<NodeIdentity>>> list_identities(
    std::shared_ptr<IdentityStore> store);
/// Creates, or replaces by resource version. Errors: kConflict, kAlreadyExists: read again.
async::Task<Result<void>> put_identity(std::shared_ptr<IdentityStore> store, NodeIdentity identity);

/// Everything of the node issued so far is refused from now on; in every cloudcore within seconds.
/// Answers whether the node was known.
async::Task<Result<bool>> revoke_node(std::shared_ptr<IdentityStore> store,
                                      NodeName node,
                                      WallTime now,
                                      std::string reason);

/// The node may come into `cluster` although its store belongs to another, and its Node is created
/// there. Answers whether the node was known. Errors: kConflict: its record changes all the time.
async::Task<Result<bool>> accept_node(std::shared_ptr<IdentityStore> store,
                                      NodeName node,
                                      ClusterId cluster);

}  // namespace skerry::cloudhub
