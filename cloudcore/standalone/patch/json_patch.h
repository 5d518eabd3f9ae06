// JSON patch (RFC 6902) and JSON merge patch (RFC 7386), as kube-apiserver's library reads them: a
// replace of a member that is not there adds it, a test against null passes where nothing is, and a
// negative place counts from the end of a list.
//
// Pure. Limits: kJsonPatchOperationsMax. Source: gopkg.in/evanphx/json-patch.v4, as behaviour.
#pragma once

#include <nlohmann/json.hpp>

#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::size_t kJsonPatchOperationsMax = 10000;
/// What copies may add to a document altogether.
inline constexpr std::size_t kJsonPatchCopiedBytesMax = 3 * 1024 * 1024;

/// Errors: kMalformed (no list of objects), kTooLarge, kConflict (an operation does not fit).
Result<nlohmann::json> json_patch(nlohmann::json document, const nlohmann::json& patch);

/// Errors: kMalformed (no object).
Result<nlohmann::json> merge_patch(nlohmann::json document, const nlohmann::json& patch);

}  // namespace skerry::standalone
