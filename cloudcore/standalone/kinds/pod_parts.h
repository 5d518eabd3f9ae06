// The parts of validate_pod_spec(), a file each. Internal to kinds.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/kinds/field_checks.h"

namespace skerry::standalone {

/// The volumes that have a good name, by their name: what a mount may name.
using NamedVolumes = std::map<std::string, const nlohmann::json*>;

// pod_volumes.cc. Lives as long as `spec`.
NamedVolumes check_volumes(const nlohmann::json& spec,
                           const std::string& path,
                           FieldChecks& checks);

/// A path inside of a volume.
void check_relative_path(const std::string& target, const std::string& field, FieldChecks& checks);

// pod_containers.cc: containers and initContainers, or their absence.
void check_containers(const nlohmann::json& spec,
                      const std::string& path,
                      const NamedVolumes& volumes,
                      FieldChecks& checks);

/// seccompProfile of a Pod's or a container's securityContext.
void check_seccomp(const nlohmann::json& context, const std::string& path, FieldChecks& checks);

// pod_probes.cc: the probes and the lifecycle of one container.
void check_probes(const nlohmann::json& container, const std::string& path, FieldChecks& checks);

// pod_resources.cc: resources of one container.
void check_resources(const nlohmann::json& resources, const std::string& path, FieldChecks& checks);

// pod_scheduling.cc
void check_affinity(const nlohmann::json& spec, const std::string& path, FieldChecks& checks);
/// Scheduling gates and topology spread.
void check_topology(const nlohmann::json& spec, const std::string& path, FieldChecks& checks);
/// `path`: of the list.
void check_tolerations(const nlohmann::json& tolerations,
                       const std::string& path,
                       FieldChecks& checks);
/// A NodeSelector, and one of its terms.
void check_node_selector_terms(const nlohmann::json& selector,
                               const std::string& path,
                               FieldChecks& checks);
void check_node_selector_term(const nlohmann::json& term,
                              const std::string& path,
                              FieldChecks& checks);

// pod_env.cc: env and envFrom of one container.
void check_env(const nlohmann::json& container, const std::string& path, FieldChecks& checks);

/// "metadata.name", "metadata.labels['a']": what an env or a volume may take from the Pod.
void check_field_path(const nlohmann::json& field_ref,
                      const std::string& path,
                      const std::vector<std::string>& allowed,
                      FieldChecks& checks);

}  // namespace skerry::standalone
