#include "cloudcore/standalone/access/rbac_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/access/service_account_name.h"
#include "cloudcore/standalone/controllers/api_client.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kRbacPrefixes[] = {
    "clusterroles.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"};

enum class SubjectKind : char { kUser = 'U', kGroup = 'G' };

std::string subject_key(const std::string& ns, SubjectKind kind, const std::string& name) {
  std::string out;
  out.reserve(ns.size() + name.size() + 2);
  out += ns;
  out += '\0';
  out += static_cast<char>(kind);
  out += name;
  return out;
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

struct RbacIndex::Binding {
  struct Subject {
    std::string key;   // of by_subject_
    std::string text;  // `Group "system:masters"`
  };
  std::string text;     // `ClusterRoleBinding "x" of ClusterRole "y"`
  std::string missing;  // what is said when that role is not there
  RoleKey role;
  std::vector<Subject> subjects;
};

RbacIndex::RbacIndex(ObjectStore& store) {
  for (const char* prefix : kRbacPrefixes) {
    ListQuery query;
    query.prefix = prefix;
    const auto page = store.list(query);
    if (!page) continue;
    for (const StoredObjectPtr& object : page->items) take(prefix, *object, true);
  }
  store.listen([this](const std::string& prefix, const ObjectEvent& event) {
    const bool there = event.after != nullptr;
    take(prefix, there ? *event.after : *event.before, there);
  });
}

RbacIndex::Kind RbacIndex::kind_of(std::string_view prefix) {
  if (!prefix.ends_with(".rbac.authorization.k8s.io")) return Kind::kNone;
  const std::string_view plural = prefix.substr(0, prefix.find('.'));
  return plural.ends_with("bindings") ? Kind::kBindings : Kind::kRoles;
}

void RbacIndex::take(std::string_view prefix, const StoredObject& object, bool there) {
  const Kind kind = kind_of(prefix);
  if (kind == Kind::kNone) return;
  if (kind == Kind::kBindings) return put_binding(object, there);
  const RoleKey key{object.ns, object.name};
  if (there) {
    roles_[key] = std::make_shared<const PolicyRules>(rules_of(parsed(object)));
  } else {
    roles_.erase(key);
  }
}

void RbacIndex::put_binding(const StoredObject& object, bool there) {
  const RoleKey place{object.ns, object.name};
  if (const auto old = bindings_.find(place); old != bindings_.end()) {
    for (const Binding::Subject& subject : old->second->subjects) {
      auto& bound = by_subject_[subject.key];
      std::erase(bound, old->second);
      if (bound.empty()) by_subject_.erase(subject.key);
    }
    bindings_.erase(old);
  }
  if (!there) return;
  const json binding = parsed(object);
  const json& ref = fields::object(binding, "roleRef");
  auto made = std::make_shared<Binding>();
  const bool cluster_role = fields::text(ref, "kind") == "ClusterRole";
  made->role = {cluster_role ? "" : object.ns, fields::text(ref, "name")};
  made->text = (object.ns.empty() ? "ClusterRoleBinding " + in_quotes(object.name)
                                  : "RoleBinding " + in_quotes(object.name + "/" + object.ns)) +
               " of " + fields::text(ref, "kind") + " " + in_quotes(made->role.name);
  made->missing = std::string(cluster_role ? "clusterrole" : "role") +
                  ".rbac.authorization.k8s.io " + in_quotes(made->role.name) + " not found";
  for (const json& subject : fields::list(binding, "subjects")) {
    const std::string kind = fields::text(subject, "kind");
    const std::string name = fields::text(subject, "name");
    if (kind == "ServiceAccount") {
      const std::string ns = fields::text(subject, "namespace", object.ns);
      made->subjects.push_back(
          {subject_key(object.ns, SubjectKind::kUser, service_account_user(ns, name)),
           kind + " " + in_quotes(name + "/" + ns)});
    } else {
      const SubjectKind by = kind == "Group" ? SubjectKind::kGroup : SubjectKind::kUser;
      made->subjects.push_back({subject_key(object.ns, by, name), kind + " " + in_quotes(name)});
    }
  }
  bindings_[place] = made;
  for (const Binding::Subject& subject : made->subjects) by_subject_[subject.key].push_back(made);
}

template <class Visit>
void RbacIndex::visit_bindings(const User& user, const std::string& ns, const Visit& visit) const {
  const auto enough = [&](const std::string& key) {
    const auto found = by_subject_.find(key);
    if (found == by_subject_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const BindingPtr& binding) { return visit(*binding, key); });
  };
  const auto of_place = [&](const std::string& place) {
    return enough(subject_key(place, SubjectKind::kUser, user.name)) ||
           std::any_of(user.groups.begin(), user.groups.end(), [&](const std::string& group) {
             return enough(subject_key(place, SubjectKind::kGroup, group));
           });
  };
  if (!of_place("") && !ns.empty()) of_place(ns);
}

bool RbacIndex::allows(const User& user, const AccessQuestion& question) const {
  bool allowed = false;
  visit_bindings(user, question.ns, [&](const Binding& binding, const std::string&) {
    const PolicyRulesPtr rules = role(binding.role);
    allowed = rules && standalone::allows(*rules, question);
    return allowed;
  });
  return allowed;
}

AccessDecision RbacIndex::decide(const User& user, const AccessQuestion& question) const {
  AccessDecision out;
  visit_bindings(user, question.ns, [&](const Binding& binding, const std::string& key) {
    const PolicyRulesPtr rules = role(binding.role);
    if (!rules) out.reason = "RBAC: " + binding.missing;
    out.allowed = rules && standalone::allows(*rules, question);
    if (!out.allowed) return false;
    const auto subject =
        std::find_if(binding.subjects.begin(), binding.subjects.end(),
                     [&](const Binding::Subject& each) { return each.key == key; });
    out.reason = "RBAC: allowed by " + binding.text + " to " + subject->text;
    return true;
  });
  return out;
}

PolicyRules RbacIndex::rules_for(const User& user,
                                 const std::string& ns,
                                 std::vector<std::string>* missing) const {
  PolicyRules out;
  std::set<const Binding*> seen;
  visit_bindings(user, ns, [&](const Binding& binding, const std::string&) {
    if (!seen.insert(&binding).second) return false;
    if (const PolicyRulesPtr rules = role(binding.role)) {
      out.insert(out.end(), rules->begin(), rules->end());
    } else if (missing != nullptr) {
      missing->push_back(binding.missing);
    }
    return false;
  });
  return out;
}

PolicyRulesPtr RbacIndex::role(const RoleKey& key) const {
  const auto found = roles_.find(key);
  return found == roles_.end() ? nullptr : found->second;
}

}  // namespace skerry::standalone
