// Pods leave a Node that has NoExecute taints they do not tolerate, or no longer tolerate.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/tainteviction, as behaviour.
#pragma once

#include <memory>
#include <optional>

#include "cloudcore/standalone/controllers/controller.h"
#include "cloudcore/standalone/controllers/taints.h"

namespace skerry::standalone {

/// How long a Pod with these tolerations stays under NoExecute taints; nothing: for ever. Absence
/// of a Node is tolerated for five minutes by Pods that say nothing about it. Pure.
struct Stay {
  std::optional<Duration> limit;
};
Stay stay_under(const std::vector<Taint>& taints, const std::vector<Toleration>& tolerations);

std::unique_ptr<Controller> make_taint_eviction_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
