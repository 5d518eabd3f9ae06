// Which cluster this is: the uid of namespace kube-system, as Kubernetes' own tools take it.
#pragma once

#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace skerry::kube {

/// Errors: kMalformed (the answer has no uid), and those of Client::get.
async::Task<Result<ClusterId>> read_cluster_id(Client& client);

}  // namespace skerry::kube
