// One Kubernetes object: the same bytes in cloudcore's cache, on the link and in the edge's store.
// Source: design.md section 3.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/k8s/resource_kinds.h"

namespace skerry::k8s {

struct ObjectKey {
  Kind kind = Kind::kPod;
  std::string ns;  // empty for cluster-scoped kinds
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  std::string text() const;  // "pod/default/web"
};

/// First 128 bits of SHA-256 over the canonical bytes.
struct ContentVersion : Digest {
  ContentVersion() = default;
  explicit ContentVersion(const Digest& d) : Digest(d) {}
};

/// Hash of the edge-owned projection of an object's status; zero where the edge owns none.
struct StatusHash : Digest {
  StatusHash() = default;
  explicit StatusHash(const Digest& d) : Digest(d) {}
};

/// Immutable; shared between shards by ObjectPtr.
struct Object {
  ObjectKey key;
  Uid uid;
  ContentVersion version;
  ResourceVersion resource_version;
  StatusHash status_hash;                   // cloud side only
  std::shared_ptr<const std::string> json;  // canonical content
  std::shared_ptr<const std::string>
      status_json;  // cloud side, kinds with StatusOwner::kEdge only:
                    // the status as the API has it (for status_seed)
};
using ObjectPtr = std::shared_ptr<const Object>;

/// The cut rules below, as a number that is sent in Hello. Raise it when make_object's output
/// changes.
inline constexpr std::uint32_t kCutRulesVersion = 1;

/// Parses what the API server sent and makes it canonical: apiVersion and kind filled in,
/// managedFields cut, for kinds whose status the edge owns status and resourceVersion cut, keys
/// sorted, no whitespace, numbers as written, unknown fields kept.
/// Errors: kMalformed (not JSON, no name or uid, wrong kind), kTooLarge (kObjectBytesMax, depth).
Result<ObjectPtr> make_object(Kind kind, std::string_view json);

/// An object from canonical bytes that were received or stored; nothing is recomputed.
ObjectPtr received_object(ObjectKey key,
                          Uid uid,
                          ContentVersion version,
                          ResourceVersion resource_version,
                          std::string canonical_json);

/// The projection of a status that the edge owns, canonical: what cloud and edge compare. Only the
/// fields listed in status_projection.cc; empty values dropped; heartbeat times dropped.
/// `status` is the JSON of `.status`. Errors: kMalformed.
Result<std::string> status_projection(Kind kind, std::string_view status);
Result<StatusHash> status_hash(Kind kind, std::string_view status);

/// JSON made canonical without any cut: keys sorted, no whitespace, numbers as written.
/// Errors: kMalformed, kTooLarge (depth over kJsonDepthMax).
Result<std::string> canonical_json(std::string_view json);

}  // namespace skerry::k8s
