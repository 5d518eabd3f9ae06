// What is valid for a NetworkPolicy. Pure. Internal to kinds.
// Source: pkg/apis/networking/validation: as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

FieldErrors validate_network_policy(const nlohmann::json& object);

}  // namespace skerry::standalone
