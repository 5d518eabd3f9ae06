// Roles that collect the rules of others by label: admin, edit, view.
// Source: the controller clusterrole-aggregation of kube-controller-manager, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_cluster_role_aggregation(ApiClient& client);

/// The rules that `role` should have. Pure. `all`: every ClusterRole, by name.
nlohmann::json aggregated_rules(const nlohmann::json& role, const std::vector<nlohmann::json>& all);

}  // namespace skerry::standalone
