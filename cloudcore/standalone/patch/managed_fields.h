// metadata.managedFields: which manager owns which fields of an object, kept with every write, and
// what server-side apply makes of it.
//
// A write through a create, update or patch takes what it changes from all others; an apply takes
// what its configuration names, and fails where somebody else has another value, unless forced.
//
// Pure; time comes in. Limits: kUpdateManagersMax entries of updates, the oldest become
// "ancient-changes". Errors: an apply's. What a client sends as managedFields and cannot be read is
// ignored, and the object's own hold. Source: KEP-555; k8s.io/apimachinery/pkg/util/managedfields;
// structured-merge-diff/v6/merge/update.go.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/patch/field_set.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

inline constexpr std::size_t kUpdateManagersMax = 10;
/// Who applies as kubectl also takes over what kubectl's client-side apply had set.
inline constexpr const char* kKubectlManager = "kubectl";
inline constexpr const char* kLastAppliedAnnotation =
    "kubectl.kubernetes.io/last-applied-configuration";

/// Who writes.
struct FieldWriter {
  std::string manager;
  std::string api_version;  // "apps/v1"
  std::string subresource;  // empty: the object itself
  std::string now;          // RFC 3339
};

/// Puts the managedFields of `object`, which is about to be stored, from those of `live`. A create
/// has the zero object of its type for `live`, without a uid. An object whose managedFields were
/// cleared has none until somebody applies it.
void track_update(nlohmann::json& object,
                  const nlohmann::json& live,
                  const TypeSchema* type,
                  const FieldWriter& writer);

struct ApplyConflict {
  std::string manager;  // `"kubectl" using apps/v1`
  std::string path;     // ".spec.replicas"
};

struct ApplyResult {
  nlohmann::json object;  // with its managedFields; without conflicts
  std::vector<ApplyConflict> conflicts;
};

/// `config` into `live`; null: a create. `config` has no problems (structured_merge.h).
ApplyResult apply_configuration(const nlohmann::json& live,
                                const nlohmann::json& config,
                                const TypeSchema* type,
                                const FieldWriter& writer,
                                bool force);

/// "Apply failed with 1 conflict: conflict with ..."
std::string conflict_message(const std::vector<ApplyConflict>& conflicts);

}  // namespace skerry::standalone
