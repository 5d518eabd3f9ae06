// HorizontalPodAutoscalers of autoscaling/v1 and /v2. The first knows one target, of the CPU; other
// metrics, the behaviour and the conditions are annotations there. Pure. Internal to kinds.
// Source: pkg/apis/autoscaling/v1/conversion.go, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace skerry::standalone {

void scaler_v1_to_v2(nlohmann::json& object);
void scaler_v2_to_v1(nlohmann::json& object);

}  // namespace skerry::standalone
