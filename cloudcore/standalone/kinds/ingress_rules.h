// What is valid for Ingress and IngressClass. Pure. Internal to kinds.
// Source: pkg/apis/networking/validation: as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

FieldErrors validate_ingress(const nlohmann::json& object);
FieldErrors validate_ingress_class(const nlohmann::json& object);
FieldErrors validate_ingress_class_update(const nlohmann::json& object, const nlohmann::json& old);

}  // namespace skerry::standalone
