// The objects that every cluster has from its first second on.
// Source: kube-apiserver's system namespaces and default/kubernetes controllers, the scheduling
// API's bootstrap classes.
#pragma once

#include <cstdint>

#include "cloudcore/standalone/api/api.h"
#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::standalone {

/// Creates what is missing and leaves what is there. `api_port`: where Service `kubernetes` leads.
/// Errors: those of the storage.
async::Task<Result<void>> make_bootstrap_objects(Api& api, std::uint16_t api_port);

}  // namespace skerry::standalone
