// The controller of CustomResourceDefinitions: accepts their names, establishes them, and deletes
// the objects of one that is being deleted before it goes.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_definition_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
