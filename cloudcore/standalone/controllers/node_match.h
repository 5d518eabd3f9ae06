// Whether a Node is one that a Pod asks for, and one that it tolerates. Pure.
// Source: k8s.io/component-helpers/scheduling/corev1, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace skerry::standalone {

bool tolerates(const nlohmann::json& toleration, const nlohmann::json& taint);
/// One of a list of tolerations tolerates it.
bool tolerated(const nlohmann::json& tolerations, const nlohmann::json& taint);
/// nodeSelector and required node affinity of a Pod's spec.
bool node_selected(const nlohmann::json& node, const nlohmann::json& pod_spec);

}  // namespace skerry::standalone
