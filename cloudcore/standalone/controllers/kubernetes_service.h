// Keeps the Endpoints and the EndpointSlice of Service default/kubernetes: this API itself.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controlplane/reconcilers, as behaviour.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

/// Without an `address` other machines can reach, there are no endpoints to show.
std::unique_ptr<Controller> make_kubernetes_service_controller(ApiClient& client,
                                                               std::string address,
                                                               std::uint16_t port);

}  // namespace skerry::standalone
