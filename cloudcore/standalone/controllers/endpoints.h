// Keeps the Endpoints of every Service that selects Pods.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/endpoint, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_endpoints_controller(ApiClient& client, seam::World world);

/// The Services whose selector chooses the Pod, as keys.
std::vector<std::string> services_of_pod(const ApiClient& client, const StoredObject& pod);
/// The Pods of a Service; nothing: it has no selector, and others care for its endpoints.
std::optional<std::vector<nlohmann::json>> pods_of_service(const ApiClient& client,
                                                           const nlohmann::json& service);

}  // namespace skerry::standalone
