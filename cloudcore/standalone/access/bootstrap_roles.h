// The roles and bindings that are there from the start: Kubernetes' own, and what cloudcore needs
// of its own API.
#pragma once

#include "cloudcore/standalone/api/api.h"
#include "common/async/task.h"

namespace skerry::standalone {

/// Makes what is missing and completes what lacks something, all at once; their namespaces are
/// there. Errors: those of the storage.
async::Task<Result<void>> make_bootstrap_roles(Api& api,
                                               ObjectStore& store,
                                               async::Executor executor);

}  // namespace skerry::standalone
