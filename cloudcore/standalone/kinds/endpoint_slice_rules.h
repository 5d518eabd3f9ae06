// What is valid for an EndpointSlice. Pure. Internal to kinds.
// Source: pkg/apis/discovery/validation: as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

FieldErrors validate_endpoint_slice(const nlohmann::json& object);
FieldErrors validate_endpoint_slice_update(const nlohmann::json& object, const nlohmann::json& old);

}  // namespace skerry::standalone
