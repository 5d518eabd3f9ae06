// What a HorizontalPodAutoscaler does without a source of metrics: it keeps its target between its
// bounds, and says that it cannot compute more. Pure.
// Source: pkg/controller/podautoscaler/horizontal.go, as behaviour and in its words.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

struct ScalerEvent {
  std::string type;
  std::string reason;
  std::string message;
};
struct ScalerPlan {
  nlohmann::json status;  // when the target needs no other size
  std::vector<ScalerEvent> events;
  std::optional<std::int64_t> replicas;  // the size that the target must get
  std::string why;                       // ... and the reason
};
/// `scale`: the target's.
ScalerPlan plan_autoscale(const nlohmann::json& scaler, const nlohmann::json& scale, WallTime now);

/// The status when the target's scale could not be read.
ScalerPlan scale_unread(const nlohmann::json& scaler, const std::string& error, WallTime now);
/// The status after the target got `replicas`, or after `error` kept it from that.
ScalerPlan rescaled(const ScalerPlan& plan, const std::string& error, WallTime now);

}  // namespace skerry::standalone
