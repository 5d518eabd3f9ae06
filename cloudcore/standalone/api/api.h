// The standalone Kubernetes API as one function from request to answer: routing, discovery, health,
// and the resources. HTTP and authentication come before it (server/), storage after it.
//
// Order of a request: request_info -> authorise -> documents, or kind -> a handler of its own, or
// Rest's verb.
//
// Owner: Standalone. Thread: its loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cloudcore/standalone/api/kind_registry.h"
#include "cloudcore/standalone/api/object_store.h"
#include "cloudcore/standalone/api/openapi_documents.h"
#include "cloudcore/standalone/api/request.h"
#include "cloudcore/standalone/api/rest.h"
#include "cloudcore/standalone/api/subresources.h"
#include "common/async/task.h"
#include "common/seam/world.h"

namespace skerry::standalone {

class Api {
 public:
  /// `address`: host:port where any client may reach the server, for discovery.
  Api(ObjectStore& store, seam::World world, std::string address);

  async::Task<ApiResponse> handle(std::shared_ptr<const ApiRequest> request);

  KindRegistry& kinds() { return kinds_; }

  // What other modules add, before the first request.

  /// Says no to what the request's user may not do. Without one everything is allowed.
  using Authorizer = std::function<Answer<void>(const ApiRequest&, const RequestInfo&)>;
  void set_authorizer(Authorizer authorizer) { authorizer_ = std::move(authorizer); }
  void add_admission(AdmissionPlugin plugin) { rest_.add_admission(std::move(plugin)); }
  /// Answers all verbs of a subresource ("pods", "eviction"), or, with an empty `subresource`, of a
  /// resource that is not stored ("tokenreviews.authentication.k8s.io", "").
  using Handler = std::function<async::Task<RestAnswer>(ResourceRequestPtr)>;
  void add_handler(std::string storage_prefix, std::string subresource, Handler handler);

 private:
  async::Task<RestAnswer> resource(std::shared_ptr<const ApiRequest> request, RequestInfo info);
  RestAnswer document(const ApiRequest& request);
  ApiResponse refusal(const ApiRequest& request, const ApiError& error) const;
  RestAnswer discovery(const ApiRequest& request) const;

  ObjectStore& store_;
  KindRegistry kinds_;
  OpenApiDocuments openapi_;
  Rest rest_;
  Subresources subresources_;
  std::string address_;
  Authorizer authorizer_;
  std::map<std::pair<std::string, std::string>, Handler> handlers_;
};

}  // namespace skerry::standalone
