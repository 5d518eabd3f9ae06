// Finds a Node for every Pod that has none, and says in an Event when there is none.
//
// Owner: Standalone. Thread: the API's loop. A controller like the others; its keys are Pods.
// Source: pkg/scheduler, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_scheduler(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
