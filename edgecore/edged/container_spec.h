// One container of a pod from its JSON. Pure; private to pod_spec.cc.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

/// `pod_security`: the pod's, whose values hold where the container says nothing.
ContainerSpec parse_container(const nlohmann::json& json,
                              const SecurityContext& pod_security,
                              bool init);

SecurityContext parse_security(const nlohmann::json& json, const SecurityContext& defaults);

FieldRef parse_field_ref(const nlohmann::json& json);
ResourceFieldRef parse_resource_ref(const nlohmann::json& json);

}  // namespace skerry::edged
