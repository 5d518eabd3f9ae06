// What a Pod needs besides itself: cloudcore sends it along, edgecore waits for it. One reading of
// the spec for both. Pure. Source: k8s.io/api/core/v1 PodSpec.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/k8s/object.h"

namespace skerry::k8s {

/// ConfigMaps and Secrets by key. A key that is used in several places is optional only when every
/// use is. imagePullSecrets count as optional: kubelet pulls without one that is missing.
enum class RefNeed : std::uint8_t { kRequired, kOptional };
using PodRefs = std::map<ObjectKey, RefNeed>;

PodRefs referenced_objects(const nlohmann::json& pod);
/// From canonical bytes. Errors: kMalformed.
Result<PodRefs> referenced_objects(const Object& pod);

/// A projected serviceAccountToken source.
struct TokenSource {
  std::string volume;                      // spec.volumes[].name
  std::string path;                        // file in the volume
  std::string audience;                    // empty: the API server's own
  std::int64_t expiration_seconds = 3600;  // the API's default
  bool operator==(const TokenSource&) const = default;
};
std::vector<TokenSource> token_sources(const nlohmann::json& pod);
/// From canonical bytes. Errors: kMalformed.
Result<std::vector<TokenSource>> token_sources(const Object& pod);

}  // namespace skerry::k8s
