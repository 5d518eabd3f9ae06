// What the scheduler tells people about a Pod. Pure.
// Source: events.k8s.io/v1 as client-go's tools/events writes it into v1 Events.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr const char* kSchedulerName = "default-scheduler";

struct PodEvent {
  std::string type;     // Normal, Warning
  std::string reason;   // Scheduled
  std::string action;   // Binding
  std::string message;  // cut at 1024 bytes
};
/// The Event of `pod`, which has metadata.
nlohmann::json make_event(const nlohmann::json& pod, const PodEvent& event, WallTime now);

/// status.conditions of `pod` with this one in the place of its type. `change`: without times.
/// lastTransitionTime moves only with the status.
nlohmann::json with_condition(const nlohmann::json& pod, nlohmann::json change, WallTime now);

}  // namespace skerry::standalone
