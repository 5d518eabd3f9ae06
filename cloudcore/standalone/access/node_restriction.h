// What a node may write into the objects that it may write: its own Node without labels and taints
// that place pods, the status of its own pods, its own lease, tokens of its own pods.
//
// Owner: Access. Thread: the API's loop. Source: the admission plugin NodeRestriction of
// kube-apiserver, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/api/admission.h"
#include "cloudcore/standalone/api/object_store.h"
#include "cloudcore/standalone/api/rest.h"

namespace skerry::standalone {

/// Errors: 403. Users that are no nodes pass.
Answer<void> admit_node_write(const ObjectStore& store, const AdmissionRequest& asked);

/// The same for serviceaccounts/token. `spec`: the TokenRequest's.
Answer<void> admit_node_token(const ObjectStore& store,
                              const ResourceRequest& request,
                              const nlohmann::json& spec);

}  // namespace skerry::standalone
