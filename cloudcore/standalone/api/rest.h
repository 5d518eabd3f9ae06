// The verbs on resources, the same for every kind: what differs is in KindRow (what it looks like)
// and KindBehaviour (what it does). Order of a write: read the body -> unknown fields, defaults ->
// prepare -> admission -> validate -> store.
//
// Owner: Api. Thread: its loop. Errors: Kubernetes' own (api_error.h).
// Source: k8s.io/apiserver/pkg/registry/generic/registry/store.go, as behaviour.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/api/admission.h"
#include "cloudcore/standalone/api/object_store.h"
#include "cloudcore/standalone/api/request.h"
#include "cloudcore/standalone/kinds/kind_behaviour.h"
#include "common/async/task.h"
#include "common/seam/world.h"

namespace skerry::standalone {

/// A request whose resource was found.
struct ResourceRequest {
  std::shared_ptr<const ApiRequest> request;
  RequestInfo info;
  std::shared_ptr<const KindRow> row;  // holds the types it points to
};
using ResourceRequestPtr = std::shared_ptr<const ResourceRequest>;
using RestAnswer = Answer<ApiResponse>;

class Rest {
 public:
  Rest(ObjectStore& store, seam::World world);

  /// Plugins are asked in this order. Before the first request.
  void add_admission(AdmissionPlugin plugin) { admission_.push_back(std::move(plugin)); }

  // get, list, watch: rest_read.cc
  RestAnswer get(const ResourceRequest& request) const;
  RestAnswer list(const ResourceRequest& request) const;
  RestAnswer watch(const ResourceRequest& request);
  // create, update, patch: rest_create.cc, rest_update.cc, rest_patch.cc, rest_apply.cc
  async::Task<RestAnswer> create(ResourceRequestPtr request);
  async::Task<RestAnswer> update(ResourceRequestPtr request);
  async::Task<RestAnswer> patch(ResourceRequestPtr request);
  // delete, deletecollection: rest_delete.cc
  async::Task<RestAnswer> remove(ResourceRequestPtr request);
  async::Task<RestAnswer> remove_collection(ResourceRequestPtr request);

  struct Update;    // write_steps.h
  struct Creation;  // write_steps.h

 private:
  Answer<void> admit(AdmissionRequest asked) const;
  Answer<void> check_namespace(const ResourceRequest& request, const std::string& name) const;
  async::Task<RestAnswer> create_object(ResourceRequestPtr request,
                                        std::shared_ptr<Creation> creation);
  async::Task<RestAnswer> apply(ResourceRequestPtr request);
  /// The objects that the request's namespace and selectors choose.
  Answer<std::vector<StoredObjectPtr>> select(const ResourceRequest& request) const;
  async::Task<RestAnswer> store_update(ResourceRequestPtr request, std::shared_ptr<Update> update);
  async::Task<Answer<StoredObjectPtr>> remove_one(ResourceRequestPtr request,
                                                  StoredObjectPtr object,
                                                  std::shared_ptr<const nlohmann::json> options);

  ObjectStore& store_;
  seam::World world_;
  std::vector<AdmissionPlugin> admission_;
};

}  // namespace skerry::standalone
