// What controllers ask of Pods, and how they make them from a template. Pure.
// Source: k8s.io/kubernetes/pkg/controller (ActivePods, FilterActivePods ranking,
// GetPodFromTemplate).
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

std::string phase_of(const nlohmann::json& pod);
/// Marked for deletion.
bool is_terminating(const nlohmann::json& object);
/// Neither ended nor on its way out.
bool is_active(const nlohmann::json& pod);
bool is_ready(const nlohmann::json& pod);
/// Ready for `min_ready`; else how long it still has to be. nullopt: not ready.
std::optional<Duration> until_available(const nlohmann::json& pod,
                                        Duration min_ready,
                                        WallTime now);

/// Ready for at least `min_ready`.
bool is_available(const nlohmann::json& pod, Duration min_ready, WallTime now);

/// What `owner` (with apiVersion, kind, metadata) controls.
nlohmann::json controller_reference(const nlohmann::json& owner);
/// A Pod of spec.template, to be named after its owner.
nlohmann::json pod_from_template(const nlohmann::json& owner, const nlohmann::json& pod_template);

/// How many Pods of related sets a node runs: a set leaves a full node first.
using PodsOnNodes = std::map<std::string, int>;
/// Those that can go first come first: not placed, pending, not ready, cheap to delete
/// (controller.kubernetes.io/pod-deletion-cost), on a full node, ready for a short time, often
/// restarted, young. Times count by their logarithm, so that not always the youngest goes.
void sort_for_deletion(std::vector<nlohmann::json>& pods,
                       const PodsOnNodes& on_nodes,
                       WallTime now);

/// status.conditions with DisruptionTarget: why somebody other than its owner ends the Pod.
nlohmann::json disruption_conditions(const nlohmann::json& pod,
                                     const std::string& reason,
                                     const std::string& message,
                                     WallTime now);

}  // namespace skerry::standalone
