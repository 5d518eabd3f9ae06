// A Deployment's ReplicaSets as objects: which one is of its template, what they are called, and
// what their annotations say. Pure. Source: pkg/controller/deployment/util, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/deployment_plan.h"

namespace skerry::standalone {

inline constexpr const char* kRevisionAnnotation = "deployment.kubernetes.io/revision";

/// Whether two templates are the same but for the hash that the controller adds.
bool same_template(const nlohmann::json& a, const nlohmann::json& b);
/// "pod-template-hash" of a template, in letters that spell nothing.
std::string template_hash(const nlohmann::json& pod_template, std::int64_t collisions);

/// Which set is of the template, and the others, oldest first.
struct DeploymentSets {
  std::optional<nlohmann::json> current;
  std::vector<nlohmann::json> olds;

  std::vector<SetCount> old_counts() const;
  std::optional<SetCount> current_count() const;
};
DeploymentSets sort_sets(std::vector<nlohmann::json> sets, const nlohmann::json& pod_template);

/// deployment.kubernetes.io/revision of an object; 0: none.
std::int64_t revision_of_set(const nlohmann::json& set);
/// What the set of the template should be numbered.
std::int64_t next_revision(const DeploymentSets& sets);

/// The set of the Deployment's template, of no size yet.
nlohmann::json new_replica_set(const nlohmann::json& deployment, std::int64_t revision);
/// Gives `set` a size, and notes for which size of the Deployment.
void set_size(nlohmann::json& set, std::int64_t replicas, const RolloutLimits& limits);
/// The metadata.annotations and spec.minReadySeconds that the current set should have, as a merge
/// patch; null: it has them.
nlohmann::json current_set_patch(const nlohmann::json& deployment,
                                 const nlohmann::json& set,
                                 std::int64_t revision);
/// The change that gives a set another size, and notes for which size of the Deployment; null: it
/// is so already.
nlohmann::json resize_patch(const nlohmann::json& set,
                            std::int64_t replicas,
                            const RolloutLimits& limits);

/// The user changed spec.replicas since the sets were sized.
bool is_scaled(const DeploymentSets& sets, std::int64_t replicas);
/// Empty old sets beyond spec.revisionHistoryLimit, oldest revision first.
std::vector<nlohmann::json> sets_to_forget(const DeploymentSets& sets, std::int64_t kept);

}  // namespace skerry::standalone
