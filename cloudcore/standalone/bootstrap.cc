#include "cloudcore/standalone/bootstrap.h"

#include <nlohmann/json.hpp>

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr const char* kApiAddress = "10.43.0.1";  // the first of AdmissionSettings' range

struct BootstrapObject {
  std::string path;
  json object;
};

/// Pods of the system go before all others. Source: k8s.io/api/scheduling, the two reserved names.
BootstrapObject priority_class(const char* name, int value, const char* description) {
  return {"/apis/scheduling.k8s.io/v1/priorityclasses",
          {{"apiVersion", "scheduling.k8s.io/v1"},
           {"kind", "PriorityClass"},
           {"metadata", {{"name", name}}},
           {"value", value},
           {"preemptionPolicy", "PreemptLowerPriority"},
           {"description", description}}};
}

/// Where pods find the API: https://kubernetes.default.svc.
BootstrapObject api_service(std::uint16_t port) {
  json https = {{"name", "https"}, {"port", 443}, {"protocol", "TCP"}};
  if (port != 0) https["targetPort"] = port;
  return {"/api/v1/namespaces/default/services",
          {{"apiVersion", "v1"},
           {"kind", "Service"},
           {"metadata",
            {{"name", "kubernetes"},
             {"labels", {{"component", "apiserver"}, {"provider", "kubernetes"}}}}},
           {"spec", {{"clusterIP", kApiAddress}, {"ports", json::array({std::move(https)})}}}}};
}

std::vector<BootstrapObject> bootstrap_objects(std::uint16_t api_port) {
  std::vector<BootstrapObject> out;
  for (const char* name :
       {"default", "kube-system", "kube-public", "kube-node-lease", "skerry-system"}) {
    out.push_back({"/api/v1/namespaces",
                   {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}});
  }
  out.push_back(priority_class("system-cluster-critical", 2'000'000'000,
                               "For pods without which the cluster does not work, on any node."));
  out.push_back(priority_class("system-node-critical", 2'000'001'000,
                               "For pods without which their own node does not work."));
  out.push_back(api_service(api_port));
  return out;
}

User loopback_user() {
  return User{"system:apiserver", "", {"system:masters", "system:authenticated"}, {}};
}

async::Task<ApiResponse> call(Api& api, std::string method, std::string path, std::string body) {
  auto request = std::make_shared<ApiRequest>();
  request->method = std::move(method);
  request->path = std::move(path);
  request->content_type = "application/json";
  request->body = std::move(body);
  request->user_agent = "kube-apiserver";
  request->user = loopback_user();
  co_return co_await api.handle(request);
}

}  // namespace

async::Task<Result<void>> make_bootstrap_objects(Api& api, std::uint16_t api_port) {
  for (const BootstrapObject& each : bootstrap_objects(api_port)) {
    const std::string name = each.object["metadata"]["name"];
    // What is there is not asked for again: an address that is taken is refused before the name.
    const ApiResponse there = co_await call(api, "GET", each.path + "/" + name, {});
    if (there.status == 200) continue;
    const ApiResponse answer = co_await call(api, "POST", each.path, each.object.dump());
    if (answer.status != 201) {
      co_return fail(Code::kStorage, "the first objects of the API: " + answer.text());
    }
  }
  co_return Result<void>();
}

}  // namespace skerry::standalone
