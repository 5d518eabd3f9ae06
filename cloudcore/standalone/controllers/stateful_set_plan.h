// What should happen next to a StatefulSet's Pods, ordinal by ordinal, and what its status says.
// Pure. Source: pkg/controller/statefulset/stateful_set_control.go, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr std::int64_t kStatefulBurstMax = 500;  // Pods made in one look (Parallel)

/// The revisions by name, and their templates.
struct StatefulRevisions {
  std::string current;
  std::string update;
  nlohmann::json current_template;
  nlohmann::json update_template;
};

struct StatefulStep {
  enum class Kind {
    kCreate,    // the Pod of `ordinal` by `revision`
    kClaims,    // its claims are looked after: missing ones made, owners by the policy
    kRecreate,  // `pod` ended: it is removed, to be made again
    kRemove     // `pod`
  };
  Kind kind;
  std::int64_t ordinal = 0;
  std::string revision;
  nlohmann::json pod;
};

/// What is to be done now, in order. OrderedReady: at most one Pod is made or removed, after all
/// before it are ready; Parallel: all at once but for updates.
std::vector<StatefulStep> plan_stateful(const nlohmann::json& set,
                                        const std::vector<nlohmann::json>& pods,
                                        const StatefulRevisions& revisions,
                                        WallTime now);

struct StatefulStatus {
  nlohmann::json status;
  std::optional<Duration> again;  // when the next Pod becomes available
};
StatefulStatus stateful_status(const nlohmann::json& set,
                               const std::vector<nlohmann::json>& pods,
                               const StatefulRevisions& revisions,
                               WallTime now);

}  // namespace skerry::standalone
