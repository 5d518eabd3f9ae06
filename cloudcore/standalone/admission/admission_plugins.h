// The admission plugins of the standalone API: what completes an object with what else is stored,
// and what refuses it for that reason. One call adds them all, in Kubernetes' order.
//
// Owner: the Api, which holds them. Thread: its loop. Limits: none of their own; what they read is
// what is stored. Errors: Forbidden or Invalid, in Kubernetes' words.
// Source: plugin/pkg/admission/{serviceaccount,priority,defaulttolerationseconds,storage/*,
// namespace/lifecycle}, pkg/registry/core/service (allocation), as behaviour.
#pragma once

#include <cstdint>
#include <string>

#include "cloudcore/standalone/api/api.h"
#include "cloudcore/standalone/api/object_store.h"
#include "common/seam/world.h"

namespace skerry::standalone {

struct AdmissionSettings {
  std::int64_t default_toleration_seconds = 300;  // of absent nodes
  bool mount_tokens = true;                       // false: pods get their account's name alone
  std::string service_cidr = "10.43.0.0/16";
  std::uint16_t node_port_first = 30000;
  std::uint16_t node_port_last = 32767;
};

/// After the store was loaded, before the first request. `store` outlives `api`.
void add_admission_plugins(Api& api,
                           ObjectStore& store,
                           seam::World world,
                           const AdmissionSettings& settings);

}  // namespace skerry::standalone
