// Role, ClusterRole, RoleBinding, ClusterRoleBinding. Who may give which rights is asked at
// admission, not here.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/path_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kGroup = "rbac.authorization.k8s.io";

// ---- roles --------------------------------------------------------------------------------------

/// The field is written out even when there are no rules.
void default_role(json& object) {
  if (fields::list(object, "rules").empty()) object["rules"] = nullptr;
}

void check_rule(FieldChecks& checks, const json& rule, bool namespaced, const std::string& at) {
  if (fields::list(rule, "verbs").empty()) {
    checks.required(at + ".verbs", "verbs must contain at least one value");
  }
  const json& urls = fields::list(rule, "nonResourceURLs");
  const bool resources = !fields::list(rule, "apiGroups").empty() ||
                         !fields::list(rule, "resources").empty() ||
                         !fields::list(rule, "resourceNames").empty();
  if (!urls.empty()) {
    const std::string path = at + ".nonResourceURLs";
    if (namespaced) {
      checks.invalid(path, urls, "namespaced rules cannot apply to non-resource URLs");
    }
    if (resources) {
      checks.invalid(path, urls,
                     "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (fields::list(rule, "apiGroups").empty()) {
    checks.required(at + ".apiGroups", "resource rules must supply at least one api group");
  }
  if (fields::list(rule, "resources").empty()) {
    checks.required(at + ".resources", "resource rules must supply at least one resource");
  }
}

void check_rules(FieldChecks& checks, const json& object, bool namespaced) {
  const json& rules = fields::list(object, "rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_rule(checks, rules[i], namespaced, at_index("rules", i));
  }
}

FieldErrors validate_role(const json& object) {
  FieldChecks checks;
  check_rules(checks, object, true);
  return checks.take();
}

FieldErrors validate_cluster_role(const json& object) {
  FieldChecks checks;
  check_rules(checks, object, false);
  const json& aggregation = fields::at(object, "aggregationRule");
  if (!aggregation.is_object()) return checks.take();
  const std::string path = "aggregationRule.clusterRoleSelectors";
  const json& selectors = fields::list(aggregation, "clusterRoleSelectors");
  if (selectors.empty()) {
    checks.required(path,
                    "at least one clusterRoleSelector required if aggregationRule is non-nil");
  }
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    FieldChecks own;
    own.label_selector(at_index(path, i), selectors[i]);
    const bool wrong = own.any();
    checks.add(own.take());
    if (wrong) checks.invalid(at_index(path, i), nullptr, "invalid label selector.");
  }
  return checks.take();
}

// ---- bindings -----------------------------------------------------------------------------------

void default_binding(json& object) {
  static const DefaultTable table = {
      {"roleRef", "{}"},
      {"roleRef.apiGroup", R"("rbac.authorization.k8s.io")"},
      {"roleRef.kind", R"("")"},
      {"roleRef.name", R"("")"},
  };
  table.apply(object);
  if (!object.contains("subjects") || !object["subjects"].is_array()) return;
  for (json& subject : object["subjects"]) {
    const std::string kind = fields::text(subject, "kind");
    const bool person = kind == "User" || kind == "Group";
    if (person && fields::text(subject, "apiGroup").empty()) subject["apiGroup"] = kGroup;
  }
}

void check_subject(FieldChecks& checks,
                   const json& subject,
                   bool namespaced,
                   const std::string& at) {
  const std::string name = fields::text(subject, "name");
  const std::string kind = fields::text(subject, "kind");
  const std::string group = fields::text(subject, "apiGroup");
  if (name.empty()) checks.required(at + ".name");
  if (kind == "ServiceAccount") {
    if (!name.empty()) checks.rule(at + ".name", name, name_rules::dns_subdomain(name));
    if (!group.empty()) checks.not_supported(at + ".apiGroup", group, {""});
    if (!namespaced && fields::text(subject, "namespace").empty()) {
      checks.required(at + ".namespace");
    }
  } else if (kind == "User" || kind == "Group") {
    if (group != kGroup) checks.not_supported(at + ".apiGroup", group, {kGroup});
  } else {
    checks.not_supported(at + ".kind", kind, {"ServiceAccount", "User", "Group"});
  }
}

FieldErrors check_binding(const json& object, bool namespaced) {
  FieldChecks checks;
  const json& role = fields::object(object, "roleRef");
  const std::string group = fields::text(role, "apiGroup");
  if (group != kGroup) checks.not_supported("roleRef.apiGroup", group, {kGroup});
  const std::string kind = fields::text(role, "kind");
  const bool known = kind == "ClusterRole" || (namespaced && kind == "Role");
  if (!known) {
    checks.not_supported("roleRef.kind", kind,
                         namespaced ? std::vector<std::string>{"Role", "ClusterRole"}
                                    : std::vector<std::string>{"ClusterRole"});
  }
  check_path_segment(checks, "roleRef.name", fields::text(role, "name"));
  const json& subjects = fields::list(object, "subjects");
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    check_subject(checks, subjects[i], namespaced, at_index("subjects", i));
  }
  return checks.take();
}

FieldErrors validate_role_binding(const json& object) { return check_binding(object, true); }
FieldErrors validate_cluster_role_binding(const json& object) {
  return check_binding(object, false);
}

/// A binding to another role is another binding: what it gave could not be told from what it gives.
FieldErrors validate_same_role(const json& object, const json& old) {
  FieldChecks checks;
  const json& role = fields::object(object, "roleRef");
  if (role == fields::object(old, "roleRef")) return checks.take();
  const json shown = {{"APIGroup", fields::text(role, "apiGroup")},
                      {"Kind", fields::text(role, "kind")},
                      {"Name", fields::text(role, "name")}};
  checks.invalid("roleRef", shown, "cannot change roleRef");
  return checks.take();
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(4);
  KindBehaviour& roles = rows[0];
  roles.storage_prefix = "roles.rbac.authorization.k8s.io";
  roles.set_defaults = default_role;
  roles.validate = validate_role;
  KindBehaviour& cluster_roles = rows[1];
  cluster_roles.storage_prefix = "clusterroles.rbac.authorization.k8s.io";
  cluster_roles.set_defaults = default_role;
  cluster_roles.validate = validate_cluster_role;
  KindBehaviour& bindings = rows[2];
  bindings.storage_prefix = "rolebindings.rbac.authorization.k8s.io";
  bindings.set_defaults = default_binding;
  bindings.validate = validate_role_binding;
  bindings.validate_update = validate_same_role;
  KindBehaviour& cluster_bindings = rows[3];
  cluster_bindings.storage_prefix = "clusterrolebindings.rbac.authorization.k8s.io";
  cluster_bindings.set_defaults = default_binding;
  cluster_bindings.validate = validate_cluster_role_binding;
  cluster_bindings.validate_update = validate_same_role;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> access_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone
