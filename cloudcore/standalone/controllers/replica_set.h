// ReplicaSets: as many active Pods as wanted. Source: pkg/controller/replicaset, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_replica_set_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
