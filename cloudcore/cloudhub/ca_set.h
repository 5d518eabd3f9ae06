// The CAs of this hub: the one in use, the one to come, and former ones. How one takes the place of
// another, as pure decisions; what carries them out: ca_rollout.h. Source: design.md section 6.
//
//   rotate -> `next` is stored -> its certificate goes to every edge beside the one in use ->
//   every node holds it -> it is used -> certificates of the former one are accepted until they
//   end -> the former one is forgotten
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/deny_list.h"
#include "cloudcore/cloudhub/identity_nodes.h"
#include "cloudcore/cloudhub/identity_store.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/seam/world.h"
#include "common/tls/authority.h"

namespace skerry::cloudhub {

struct NextCa {
  tls::Authority authority;
  WallTime since{};
  bool forced = false;  // used at once, whoever lacks it
};

struct FormerCa {
  std::string certificate_pem;
  WallTime retired{};
};

struct CaSet {
  tls::Authority current;
  std::optional<NextCa> next;
  std::vector<FormerCa> former;
  std::string resource_version;
};

/// Hex SHA-256 of a CA certificate's DER; empty when it cannot be read.
std::string ca_hash(const std::string& certificate_pem);

/// What edges are to trust: the CA in use, the next one, and former ones whose certificates may
/// still be valid. The same set gives the same text, whichever of them is in use.
std::string edge_bundle(const CaSet& set, WallTime now);
/// By whom the certificate of a connecting node may have been issued: also by former ones whose
/// certificates have expired and may be renewed.
std::string node_issuers(const CaSet& set);

/// Nodes that do not hold the next CA yet: joined, not revoked, with a certificate that is valid or
/// may be renewed. In the order of their names.
std::vector<NodeName> nodes_without_next(const CaSet& set,
                                         const std::vector<NodeIdentity>& nodes,
                                         const DenySet& denied,
                                         WallTime now);

/// A next CA beside the one in use, or in the place of another next one.
CaSet with_next(CaSet set, tls::Authority next, WallTime now, bool forced);

enum class CaStep : std::uint8_t { kNone, kUseNext, kForgetFormer };
/// `patience`: after so long the next CA is used whoever lacks it.
CaStep next_step(const CaSet& set, std::size_t nodes_without, WallTime now, Duration patience);
/// The set after the step.
CaSet take_step(CaSet set, CaStep step, WallTime now);

Record encode_ca_set(const CaSet& set);
/// Errors: kMalformed.
Result<CaSet> decode_ca_set(const Record& record);

/// As stored; nothing: there is none yet.
async::Task<Result<std::optional<CaSet>>> find_ca_set(std::shared_ptr<IdentityStore> store);
/// The set from Secret skerry-ca. Made and stored only when the store says that there is none: of
/// `given`, else of a CA of our own. Any other error is returned and nothing is made: a second CA
/// would lock every edge out. A `given` one that is not in the set becomes the next one.
async::Task<Result<CaSet>> load_ca_set(std::shared_ptr<IdentityStore> store,
                                       seam::World world,
                                       std::optional<tls::Authority> given);
/// Starts a rotation, or with `now` ends the one that is under way without waiting for anybody. By
/// compare-and-set. Errors: kConflict when another one is under way and `now` is not set.
async::Task<Result<CaSet>> rotate_ca(std::shared_ptr<IdentityStore> store,
                                     seam::World world,
                                     bool at_once);

}  // namespace skerry::cloudhub
