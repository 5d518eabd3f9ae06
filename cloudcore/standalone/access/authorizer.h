// Who may do what: the group system:masters everything, nodes what concerns them, all others what
// roles and bindings allow.
//
// Owner: Access. Thread: the API's loop. Source: --authorization-mode=Node,RBAC of kube-apiserver.
#pragma once

#include "cloudcore/standalone/access/access_question.h"
#include "cloudcore/standalone/access/node_rights.h"
#include "cloudcore/standalone/access/rbac_index.h"

namespace skerry::standalone {

class Authorizer {
 public:
  explicit Authorizer(ObjectStore& store) : rbac_(store), nodes_(store) {}

  bool allows(const User& user, const AccessQuestion& question) const;
  /// The same with the reason.
  AccessDecision decide(const User& user, const AccessQuestion& question) const;
  /// Errors: 403.
  Answer<void> check(const User& user, const AccessQuestion& question) const;

  const RbacIndex& rbac() const { return rbac_; }

 private:
  RbacIndex rbac_;
  NodeRights nodes_;
};

}  // namespace skerry::standalone
