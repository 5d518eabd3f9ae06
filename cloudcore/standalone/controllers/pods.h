// What controllers ask of Pods, and how they make them from a template. Pure.
// Source: k8s.io/kubernetes/pkg/controller (ActivePods, FilterActivePods ranking,
// GetPodFromTemplate).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

/// Neither ended nor on its way out.
bool is_active(const nlohmann::json& pod);
bool is_ready(const nlohmann::json& pod);
/// Ready for `min_ready`; else how long it still has to be. nullopt: not ready.
std::optional<Duration> until_available(const nlohmann::json& pod,
                                        Duration min_ready,
                                        WallTime now);

/// What `owner` (with apiVersion, kind, metadata) controls.
nlohmann::json controller_reference(const nlohmann::json& owner);
/// A Pod of spec.template, to be named after its owner.
nlohmann::json pod_from_template(const nlohmann::json& owner, const nlohmann::json& pod_template);

/// Those that can go first come first: not placed, pending, not ready, then the youngest.
void sort_for_deletion(std::vector<nlohmann::json>& pods);

}  // namespace skerry::standalone
