// Deployments: ReplicaSets that take turns. Source: pkg/controller/deployment, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_deployment_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
