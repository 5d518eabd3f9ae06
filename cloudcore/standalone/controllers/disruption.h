// The status of PodDisruptionBudgets, which evictions and the scheduler go by.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/disruption, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_disruption_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
