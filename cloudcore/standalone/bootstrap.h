// The objects that every cluster has from its first second on.
// Source: kube-apiserver's system namespaces and default/kubernetes controllers.
#pragma once

#include "cloudcore/standalone/api/api.h"
#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::standalone {

/// Creates what is missing and leaves what is there. Errors: those of the storage.
async::Task<Result<void>> make_bootstrap_objects(Api& api);

}  // namespace skerry::standalone
