#include "cloudcore/standalone/access/rbac_admission.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/rest.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Operation = AdmissionRequest::Operation;
namespace fields = k8s::fields;

constexpr const char* kGroup = "rbac.authorization.k8s.io";

std::string quoted_list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "\"" : " \"") + word + "\"";
  return out;
}

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

AccessQuestion about_role(const char* verb, const RoleKey& role) {
  AccessQuestion out;
  out.verb = verb;
  out.group = kGroup;
  out.version = "v1";
  out.resource = role.ns.empty() ? "clusterroles" : "roles";
  out.ns = role.ns;
  out.name = role.name;
  return out;
}

Answer<void> holds(const Authorizer& authorizer,
                   const AdmissionRequest& asked,
                   const PolicyRules& wanted) {
  const User& user = asked.request.request->user;
  std::vector<std::string> missing_roles;
  const PolicyRules held = authorizer.rbac().rules_for(user, asked.request.info.ns, &missing_roles);
  const PolicyRules missing = uncovered(held, wanted);
  if (missing.empty()) return {};
  std::vector<std::string> texts;
  for (const PolicyRule& rule : missing) texts.push_back(text_of(rule));
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += "\n" + text;
  std::string why = "user \"" + user.name + "\" (groups=[" + quoted_list(user.groups) +
                    "]) is attempting to grant RBAC permissions not currently held:" + all;
  if (!missing_roles.empty()) {
    why += "; resolution errors: [" + quoted_list(missing_roles) + "]";
  }
  return forbidden(why, asked.request.row.get(), name_of(*asked.object));
}

/// Whoever writes a role that collects others must hold everything.
Answer<void> admit_aggregation(const Authorizer& authorizer, const AdmissionRequest& asked) {
  const json& rule = fields::at(*asked.object, "aggregationRule");
  const bool same = asked.old != nullptr && fields::at(*asked.old, "aggregationRule") == rule;
  if (rule.is_null() || same) return {};
  const PolicyRules everything = {{{"*"}, {"*"}, {"*"}, {}, {}}, {{"*"}, {}, {}, {}, {"*"}}};
  const User& user = asked.request.request->user;
  if (uncovered(authorizer.rbac().rules_for(user, ""), everything).empty()) return {};
  const FieldErrors errors{{FieldError::Kind::kForbidden,
                            "aggregationRule",
                            "must have cluster-admin privileges to use the aggregationRule",
                            nullptr,
                            {}}};
  return invalid(*asked.request.row, name_of(*asked.object), errors);
}

Answer<void> admit_role(const Authorizer& authorizer, const AdmissionRequest& asked) {
  const PolicyRules wanted = rules_of(*asked.object);
  if (asked.old != nullptr && rules_of(*asked.old) == wanted &&
      fields::at(*asked.old, "aggregationRule") == fields::at(*asked.object, "aggregationRule")) {
    return {};
  }
  const User& user = asked.request.request->user;
  const RoleKey role{asked.request.info.ns, name_of(*asked.object)};
  if (authorizer.allows(user, about_role("escalate", role))) return {};
  if (auto held = holds(authorizer, asked, wanted); !held) return held;
  return admit_aggregation(authorizer, asked);
}

Answer<void> admit_binding(const Authorizer& authorizer, const AdmissionRequest& asked) {
  const json& binding = *asked.object;
  const json& ref = fields::object(binding, "roleRef");
  if (asked.old != nullptr) {
    if (fields::object(*asked.old, "roleRef") != ref) return {};  // validation refuses it
    if (fields::list(*asked.old, "subjects") == fields::list(binding, "subjects")) return {};
  }
  const bool cluster_role = fields::text(ref, "kind") == "ClusterRole";
  const RoleKey role{cluster_role ? "" : asked.request.info.ns, fields::text(ref, "name")};
  AccessQuestion bind = about_role("bind", role);
  bind.ns = asked.request.info.ns;
  if (authorizer.allows(asked.request.request->user, bind)) return {};
  const PolicyRulesPtr rules = authorizer.rbac().role(role);
  if (!rules) return not_found(*asked.request.row, role.name);
  return holds(authorizer, asked, *rules);
}

}  // namespace

Answer<void> admit_rbac_write(const Authorizer& authorizer, const AdmissionRequest& asked) {
  if (asked.operation == Operation::kDelete) return {};
  if (asked.request.row->gv.group != kGroup) return {};
  return asked.request.row->plural.ends_with("bindings") ? admit_binding(authorizer, asked)
                                                         : admit_role(authorizer, asked);
}

}  // namespace skerry::standalone
