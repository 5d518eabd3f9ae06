// Ends the deletion of a PersistentVolumeClaim when no Pod uses it any more, and of a
// PersistentVolume when it is not bound: takes away the finalizer that admission gave them.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

/// The claims that a Pod's volumes name, or own (ephemeral ones). Pure.
std::vector<std::string> claims_of(const nlohmann::json& pod);

std::unique_ptr<Controller> make_volume_protection_controller(ApiClient& client);

}  // namespace skerry::standalone
