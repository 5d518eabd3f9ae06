#include "cloudcore/standalone/controllers/endpoints.h"

#include "cloudcore/standalone/controllers/service_endpoints.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kManagedBy = "endpoints.kubernetes.io/managed-by";
constexpr const char* kTrigger = "endpoints.kubernetes.io/last-change-trigger-time";
constexpr const char* kOverCapacity = "endpoints.kubernetes.io/over-capacity";
constexpr const char* kHeadless = "service.kubernetes.io/headless";

class EndpointsController final : public Controller {
 public:
  EndpointsController(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "endpoint-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_pod = [this](const StoredObject& pod) { return services_of_pod(client_, pod); };
    const auto of_endpoints = [](const StoredObject& endpoints) -> std::vector<std::string> {
      if (!endpoints.labels.contains(kManagedBy)) return {};
      return own_key(endpoints);
    };
    return {{resources::kServices, own_key},
            {resources::kPods, of_pod},
            {resources::kEndpoints, of_endpoints}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto service = client_.get(resources::kServices, ns, name);
    const auto there = client_.get(resources::kEndpoints, ns, name);
    if (!service) {
      const bool ours =
          there && fields::object((*there)["metadata"], "labels").contains(kManagedBy);
      if (!ours) co_return LookAgain();
      Removal removal;
      removal.uid = fields::text((*there)["metadata"], "uid");
      const auto done = co_await client_.remove(resources::kEndpoints, ns, name, removal);
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
      co_return LookAgain();
    }
    const auto pods = pods_of_service(client_, *service);
    if (!pods) co_return LookAgain();
    json wanted = there ? *there : json{{"metadata", {{"name", name}}}};
    if (!change(wanted, *service, *pods) && there) co_return LookAgain();
    Answer<json> done = json();
    if (there) {
      done = co_await client_.update(resources::kEndpoints, std::move(wanted));
    } else {
      done = co_await client_.create(resources::kEndpoints, ns, std::move(wanted));
    }
    if (!done) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

 private:
  /// Whether anything is different.
  bool change(json& endpoints, const json& service, const std::vector<json>& pods) const {
    const json before = endpoints;
    json subsets = endpoint_subsets(service, pods);
    const bool cut = truncate_subsets(subsets);
    if (subsets.empty()) {
      endpoints.erase("subsets");
    } else {
      endpoints["subsets"] = std::move(subsets);
    }
    json& metadata = endpoints["metadata"];
    json labels = fields::object(fields::object(service, "metadata"), "labels");
    labels[kManagedBy] = "endpoint-controller";
    if (is_headless(service)) {
      labels[kHeadless] = "";
    } else {
      labels.erase(kHeadless);
    }
    metadata["labels"] = std::move(labels);
    json annotations = fields::object(metadata, "annotations");
    if (cut) {
      annotations[kOverCapacity] = "truncated";
    } else {
      annotations.erase(kOverCapacity);
    }
    metadata["annotations"] = annotations;
    if (annotations.empty()) metadata.erase("annotations");
    if (endpoints == before) return false;
    metadata["annotations"][kTrigger] = k8s::format_time(world_.clock.wall());
    return true;
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::vector<std::string> services_of_pod(const ApiClient& client, const StoredObject& pod) {
  std::vector<std::string> out;
  for (const auto& object : client.list(resources::kServices, pod.ns)) {
    const json service = parsed(*object);
    const json& selector = fields::object(fields::object(service, "spec"), "selector");
    if (selector.empty()) continue;
    bool all = true;
    for (const auto& [key, value] : selector.items()) {
      const auto own = pod.labels.find(key);
      all = all && own != pod.labels.end() && value == own->second;
    }
    if (all) out.push_back(object->ns + "/" + object->name);
  }
  return out;
}

std::optional<std::vector<json>> pods_of_service(const ApiClient& client, const json& service) {
  const json& spec = fields::object(service, "spec");
  const auto selector = fields::text_map(spec, "selector");
  if (selector.empty() || fields::text(spec, "type") == "ExternalName") return std::nullopt;
  const auto chosen = [&](const StoredObject& pod) {
    for (const auto& [key, value] : selector) {
      const auto own = pod.labels.find(key);
      if (own == pod.labels.end() || own->second != value) return false;
    }
    return true;
  };
  std::vector<json> out;
  const std::string ns = fields::text(fields::object(service, "metadata"), "namespace");
  for (const auto& each : client.list(resources::kPods, ns, chosen)) out.push_back(parsed(*each));
  return out;
}

std::unique_ptr<Controller> make_endpoints_controller(ApiClient& client, seam::World world) {
  return std::make_unique<EndpointsController>(client, world);
}

}  // namespace skerry::standalone
