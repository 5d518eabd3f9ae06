// Pods that nobody else ends: those of Nodes that are no more, those that were to be deleted before
// they had a Node, and ended ones beyond a number.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/podgc, as behaviour.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

inline constexpr std::size_t kEndedPodsMax = 12'500;  // --terminated-pod-gc-threshold
inline constexpr Duration kPodGcInterval = std::chrono::seconds(20);
inline constexpr Duration kOrphanPatience = std::chrono::seconds(40);

/// What goes in one round.
struct PodGcPlan {
  std::vector<StoredObjectPtr> orphans;  // made Failed, then deleted
  std::vector<StoredObjectPtr> others;   // deleted
};
/// Pure. The oldest ended Pods go first.
PodGcPlan plan_pod_gc(const std::vector<StoredObjectPtr>& pods,
                      const std::set<std::string>& nodes_gone,
                      std::size_t ended_max);

std::unique_ptr<Controller> make_pod_gc_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
