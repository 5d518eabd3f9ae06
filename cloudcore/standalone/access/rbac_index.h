// Roles and bindings, ready to be asked: parsed once when they change, found by the names of a user
// and of its groups. A question costs a look-up for each name and the rules of what is bound to it.
//
// Owner: Authorizer. Thread: the API's loop. Follows the store from its construction on.
// Source: the RBAC authorizer of kube-apiserver, as behaviour.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cloudcore/standalone/access/policy_rule.h"
#include "cloudcore/standalone/api/object_store.h"

namespace skerry::standalone {

/// What a binding points to: a Role of a namespace, or a ClusterRole (`ns` is empty).
struct RoleKey {
  std::string ns;
  std::string name;
  friend auto operator<=>(const RoleKey&, const RoleKey&) = default;
};

class RbacIndex {
 public:
  /// `store` is loaded.
  explicit RbacIndex(ObjectStore& store);

  bool allows(const User& user, const AccessQuestion& question) const;
  /// The same with the reason: which binding allows it, or which role a binding lacks.
  AccessDecision decide(const User& user, const AccessQuestion& question) const;
  /// All that the user may do in a namespace (empty: in the cluster). `missing`: roles that a
  /// binding names and that are not there.
  PolicyRules rules_for(const User& user,
                        const std::string& ns,
                        std::vector<std::string>* missing = nullptr) const;
  /// Null: there is none.
  PolicyRulesPtr role(const RoleKey& key) const;

 private:
  struct Binding;
  using BindingPtr = std::shared_ptr<const Binding>;
  enum class Kind { kNone, kRoles, kBindings };

  static Kind kind_of(std::string_view prefix);
  void take(std::string_view prefix, const StoredObject& before_or_after, bool there);
  void put_binding(const StoredObject& object, bool there);
  /// Calls `visit` with each binding of the cluster and of `ns` that names the user, until it
  /// answers true.
  template <class Visit>
  void visit_bindings(const User& user, const std::string& ns, const Visit& visit) const;

  std::map<RoleKey, PolicyRulesPtr> roles_;
  std::map<RoleKey, BindingPtr> bindings_;  // by their own place
  /// By namespace and subject ("<ns>\0U<name>").
  std::unordered_map<std::string, std::vector<BindingPtr>> by_subject_;
};

}  // namespace skerry::standalone
