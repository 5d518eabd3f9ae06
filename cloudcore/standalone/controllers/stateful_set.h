// StatefulSets: Pods with a name and claims of their own. Source: pkg/controller/statefulset, as
// behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_stateful_set_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
