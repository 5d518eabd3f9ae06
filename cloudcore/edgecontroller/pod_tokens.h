// Service-account tokens for the pods of edge nodes. Source: design.md 4.10; KEP-1205.
#pragma once

#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/k8s/object.h"
#include "common/lane/message.h"

namespace skerry::edgecontroller {

/// One grant per projected token source of the pod. A refused one carries its error: the edge asks
/// again by TokenQuery when the volume is mounted.
async::Task<std::vector<lane::TokenGrant>> mint_tokens(kube::Client& client, k8s::ObjectPtr pod);

/// The answer to a query; its slot must be in the pod's spec.
async::Task<lane::TokenGrant> mint_token(kube::Client& client,
                                         k8s::ObjectPtr pod,
                                         lane::TokenQuery query);

}  // namespace skerry::edgecontroller
