// What is valid for a HorizontalPodAutoscaler. Pure. Internal to kinds.
// Source: pkg/apis/autoscaling/validation: as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

FieldErrors validate_scaler(const nlohmann::json& object);

}  // namespace skerry::standalone
