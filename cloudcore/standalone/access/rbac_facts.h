// The roles and bindings that a cluster has from its start, as objects: Kubernetes' own (from
// rbac_facts.txt) and cloudcore's (from deploy/rbac.yaml). Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/access/policy_rule.h"

namespace skerry::standalone {

extern const std::string_view kRbacFactsText;        // rbac_facts.txt
extern const std::string_view kCloudcoreRightsYaml;  // deploy/rbac.yaml

/// As whom cloudcore itself uses its own API.
inline constexpr const char* kCloudcoreUser = "system:skerry:cloudcore";

struct BootstrapObject {
  std::string plural;  // of rbac.authorization.k8s.io/v1, or "namespaces"
  std::string ns;
  std::string name;
  nlohmann::json object;
};

std::vector<BootstrapObject> parse_rbac_facts(std::string_view text);
/// The roles of deploy/rbac.yaml, bound to kCloudcoreUser instead of a ServiceAccount.
std::vector<BootstrapObject> cloudcore_rights(std::string_view yaml);

/// What every node may do, before it is asked which node: the rules of ClusterRole system:node.
const PolicyRules& node_rules();

/// What an existing object lacks of the wanted one, added to it; nothing: it lacks nothing, or its
/// owner took it out of the API's hands (annotation rbac.authorization.kubernetes.io/autoupdate).
std::optional<nlohmann::json> completed(nlohmann::json existing, const nlohmann::json& wanted);

}  // namespace skerry::standalone
