// Events of events.k8s.io/v1 and of the core group: the same fields by other names. Pure. Internal
// to kinds. Source: pkg/apis/events/v1/conversion.go.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace skerry::standalone {

void event_to_core(nlohmann::json& object);
void event_from_core(nlohmann::json& object);

/// "regarding.kind" -> "involvedObject.kind"
std::string core_event_field(std::string_view path);

}  // namespace skerry::standalone
