// Admission: what stands between a request that is allowed and the store. A plugin completes the
// object (a Pod's ServiceAccount) or refuses it, knowing who asks and what else is stored; what
// only needs the object itself belongs to kinds/ instead.
//
// Owner: Rest holds the plugins in the order they were added. Thread: the API's loop; a plugin
// does not wait. Source: the admission plugins of kube-apiserver, as behaviour.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/api/api_error.h"

namespace skerry::standalone {

struct ResourceRequest;

struct AdmissionRequest {
  enum class Operation { kCreate, kUpdate, kDelete };
  Operation operation;
  const ResourceRequest& request;  // who asks, and for which kind, place and subresource
  /// After the kind's defaults, before its validation; null with kDelete. A plugin may change it.
  nlohmann::json* object;
  const nlohmann::json* old;  // null with kCreate
  bool dry_run;
};

/// Errors: why the request is refused, as the client reads it.
using AdmissionPlugin = std::function<Answer<void>(AdmissionRequest& request)>;

}  // namespace skerry::standalone
