// The identity records as Secrets of namespace skerry-system.
#pragma once

#include <memory>

#include "cloudcore/cloudhub/identity_store.h"
#include "cloudcore/kube/client.h"

namespace skerry::cloudhub {

/// Owner: App. Thread: the Kubernetes client's loop. Each call ends within the client's own
/// timeout.
std::shared_ptr<IdentityStore> make_kube_identity_store(std::shared_ptr<kube::Client> client);

}  // namespace skerry::cloudhub
