// What a client wants of a Scale: its body or its patch, read. Pure.
//
// Internal to api/. Errors: 400, 415, 422 in Kubernetes' words. Source: pkg/apis/autoscaling
// (Scale), pkg/registry/apps/*/storage (ScaleREST): as behaviour.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/api/rest.h"

namespace skerry::standalone {

struct ScaleWish {
  std::int64_t replicas = 0;
  std::string resource_version;  // empty: any
  std::string uid;               // empty: any
};

/// `current`: the Scale that is there; a patch changes it.
Answer<ScaleWish> read_scale_wish(const ResourceRequest& request, nlohmann::json current);

}  // namespace skerry::standalone
