// Keeps the EndpointSlices of every Service that selects Pods, and those that mirror Endpoints
// which somebody wrote by hand.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/endpointslice and
// endpointslicemirroring, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_endpoint_slice_controller(ApiClient& client, seam::World world);
std::unique_ptr<Controller> make_endpoint_mirror_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone
