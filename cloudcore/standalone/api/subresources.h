// Subresources that are more than a part of their object: binding, scale, finalize. A row of the
// table in subresources.cc names the resource, the subresource and the function.
//
// Owner: Api. Thread: its loop. Source: pkg/registry/{core/pod,apps/*,core/namespace}/storage.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/api/rest.h"

namespace skerry::standalone {

/// The object that a request names.
ObjectPlace place_of(const ResourceRequest& request);

class Subresources {
 public:
  Subresources(ObjectStore& store, seam::World world) : store_(store), world_(world) {}

  /// Errors: 405 for one that has no handler.
  async::Task<RestAnswer> handle(ResourceRequestPtr request);

  using Change = std::function<Answer<nlohmann::json>(nlohmann::json current)>;
  /// Reads, changes and writes one object, again when another writer came between.
  async::Task<Answer<StoredObjectPtr>> change(ResourceRequestPtr request, Change change);

  // The handlers.
  async::Task<RestAnswer> bind_pod(ResourceRequestPtr request);
  async::Task<RestAnswer> scale(ResourceRequestPtr request);  // scale.cc
  async::Task<RestAnswer> finalize_namespace(ResourceRequestPtr request);

 private:
  ObjectStore& store_;
  seam::World world_;
};

}  // namespace skerry::standalone
