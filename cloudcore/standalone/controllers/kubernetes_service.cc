#include "cloudcore/standalone/controllers/kubernetes_service.h"

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kNamespace = "default";
constexpr const char* kName = "kubernetes";

class KubernetesService final : public Controller {
 public:
  KubernetesService(ApiClient& client, std::string address, std::uint16_t port)
      : client_(client), address_(std::move(address)), port_(port) {}

  std::string name() const override { return "kubernetes-service-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_own = [](const StoredObject& object) -> std::vector<std::string> {
      if (object.ns != kNamespace || object.name != kName) return {};
      return own_key(object);
    };
    return {{resources::kServices, of_own},
            {resources::kEndpoints, of_own},
            {resources::kEndpointSlices, of_own}};
  }

  Task<Answer<LookAgain>> reconcile(std::string) override {
    if (address_.empty() || !client_.get(resources::kServices, kNamespace, kName)) {
      co_return LookAgain();
    }
    json ports = json::array({{{"name", "https"}, {"port", port_}, {"protocol", "TCP"}}});
    json endpoints = {
        {"metadata",
         {{"name", kName}, {"labels", {{"endpointslice.kubernetes.io/skip-mirror", "true"}}}}},
        {"subsets",
         json::array({{{"addresses", json::array({{{"ip", address_}}})}, {"ports", ports}}})}};
    auto done = co_await keep(resources::kEndpoints, std::move(endpoints), "subsets");
    if (!done) co_return done;
    json slice = {
        {"metadata", {{"name", kName}, {"labels", {{"kubernetes.io/service-name", kName}}}}},
        {"addressType", "IPv4"},
        {"endpoints", json::array({{{"addresses", json::array({address_})},
                                    {"conditions", {{"ready", true}}}}})},
        {"ports", std::move(ports)}};
    co_return co_await keep(resources::kEndpointSlices, std::move(slice), "endpoints");
  }

 private:
  Task<Answer<LookAgain>> keep(ResourceType type, json wanted, std::string content) {
    auto there = client_.get(type, kNamespace, kName);
    Answer<json> done = json();
    if (!there) {
      done = co_await client_.create(type, kNamespace, std::move(wanted));
    } else if (fields::at(*there, content) != wanted[content] ||
               fields::at(*there, "ports") != fields::at(wanted, "ports")) {
      wanted["metadata"]["namespace"] = kNamespace;
      done = co_await client_.update(type, std::move(wanted));
    }
    if (!done) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  ApiClient& client_;
  std::string address_;
  std::uint16_t port_;
};

}  // namespace

std::unique_ptr<Controller> make_kubernetes_service_controller(ApiClient& client,
                                                               std::string address,
                                                               std::uint16_t port) {
  return std::make_unique<KubernetesService>(client, std::move(address), port);
}

}  // namespace skerry::standalone
