// A rule of a Role: what it allows, and whether one set of rules holds another. Pure.
// Source: rbac.authorization.k8s.io/v1 PolicyRule; the RBAC authorizer and the check against
// escalation of kube-apiserver, as behaviour.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/access/access_question.h"

namespace skerry::standalone {

struct PolicyRule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;
  std::vector<std::string> resources;  // "pods", "pods/log", "*", "*/scale"
  std::vector<std::string> names;      // empty: all
  std::vector<std::string> urls;       // "/healthz", "/apis/*"
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};
using PolicyRules = std::vector<PolicyRule>;
using PolicyRulesPtr = std::shared_ptr<const PolicyRules>;

/// Of a Role or ClusterRole.
PolicyRules rules_of(const nlohmann::json& role);
nlohmann::json to_json(const PolicyRule& rule);

bool allows(const PolicyRule& rule, const AccessQuestion& question);
bool allows(const PolicyRules& rules, const AccessQuestion& question);

/// What of `wanted` is not in `held`: one rule for each resource, or the paths of a rule.
PolicyRules uncovered(const PolicyRules& held, const PolicyRules& wanted);

/// `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`
std::string text_of(const PolicyRule& rule);

}  // namespace skerry::standalone
