#include "cloudcore/standalone/bootstrap.h"

#include <nlohmann/json.hpp>

namespace skerry::standalone {
namespace {

using nlohmann::json;

struct BootstrapObject {
  std::string path;
  json object;
};

std::vector<BootstrapObject> bootstrap_objects() {
  std::vector<BootstrapObject> out;
  for (const char* name :
       {"default", "kube-system", "kube-public", "kube-node-lease", "skerry-system"}) {
    out.push_back({"/api/v1/namespaces",
                   {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}});
  }
  return out;
}

User loopback_user() {
  return User{"system:apiserver", "", {"system:masters", "system:authenticated"}, {}};
}

}  // namespace

async::Task<Result<void>> make_bootstrap_objects(Api& api) {
  for (const BootstrapObject& each : bootstrap_objects()) {
    auto request = std::make_shared<ApiRequest>();
    request->method = "POST";
    request->path = each.path;
    request->content_type = "application/json";
    request->body = each.object.dump();
    request->user = loopback_user();
    const ApiResponse answer = co_await api.handle(request);
    if (answer.status != 201 && answer.status != 409) {
      co_return fail(Code::kStorage, "the first objects of the API: " + answer.text());
    }
  }
  co_return Result<void>();
}

}  // namespace skerry::standalone
