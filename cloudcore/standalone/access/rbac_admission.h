// Nobody grants what he does not hold: roles and bindings are checked against the rights of whoever
// writes them, unless he may escalate or bind.
//
// Owner: Access. Thread: the API's loop. Source: the policy-based storage of roles and bindings in
// kube-apiserver, as behaviour.
#pragma once

#include "cloudcore/standalone/access/authorizer.h"
#include "cloudcore/standalone/api/admission.h"

namespace skerry::standalone {

/// Errors: 403; 404 for a binding to a role that is not there.
Answer<void> admit_rbac_write(const Authorizer& authorizer, const AdmissionRequest& asked);

}  // namespace skerry::standalone
