// DaemonSets: a Pod on every Node that fits. Source: pkg/controller/daemon, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_daemon_set_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
