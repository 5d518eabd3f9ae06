// Keeps pods on a node that is away: which tolerations a pod bound to an edge node should have.
// Pure. Source: design.md section 5 (offline policy); the API server lets tolerationSeconds of an
// existing pod's tolerations change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edgecontroller {

/// Node annotation `skerry.io/offline-policy`: "keep" (default) or "evict-after=<seconds>s|m|h".
struct OfflinePolicy {
  std::optional<std::chrono::seconds> evict_after;  // nothing: keep
  /// What the API server adds by itself (admission plugin DefaultTolerationSeconds); a toleration
  /// with any other limit was written by a user.
  std::chrono::seconds admission_default{300};
};
inline constexpr std::string_view kOfflinePolicyAnnotation = "skerry.io/offline-policy";

/// Errors: kMalformed, naming the value; the caller then keeps.
Result<OfflinePolicy> parse_offline_policy(std::string_view annotation);

/// A JSON patch for the pod, or nothing when its tolerations already say what the policy wants.
/// Only tolerations that match not-ready or unreachable with NoExecute and carry the admission
/// default are changed; other explicit values stay; one is added only where none matches. Errors:
/// kMalformed.
Result<std::optional<std::string>> toleration_patch(std::string_view pod_json,
                                                    const OfflinePolicy& policy);

/// A toleration of absence with a limit of its own: the pod leaves although the policy says keep.
struct ExplicitLimit {
  std::string taint;  // not-ready or unreachable
  std::chrono::seconds limit{};
};
/// What the offline policy leaves as it is: the shortest limit per taint, since eviction takes the
/// minimum of all that match. None for a pod that cannot be read.
std::vector<ExplicitLimit> explicit_limits(std::string_view pod_json, const OfflinePolicy& policy);

}  // namespace skerry::edgecontroller
