// Nodes that are not heard of any more: their conditions become Unknown, they are tainted, their
// Pods are no longer ready. Whether Pods leave is decided by their tolerations (taint_eviction.h),
// which the edge controller sets by the Node's skerry.io/offline-policy.
//
// A Node is heard of when its lease or its conditions change; the time is taken here, so neither
// another clock nor the time that cloudcore was away counts against a Node.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/nodelifecycle, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_node_lifecycle_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
