#include "cloudcore/standalone/controllers/namespaces.h"

#include <set>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kServiceAccount = "default";
constexpr const char* kRootCa = "kube-root-ca.crt";
constexpr auto kContentCheck = std::chrono::seconds(1);

class NamespaceController final : public Controller {
 public:
  NamespaceController(ApiClient& client, std::string root_ca_pem)
      : client_(client), root_ca_pem_(std::move(root_ca_pem)) {}

  std::string name() const override { return "namespace-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto itself = [](const StoredObject& object) {
      return std::vector<std::string>{"/" + object.name};
    };
    const auto of_own = [](const StoredObject& object) -> std::vector<std::string> {
      const bool ours = object.name == kServiceAccount || object.name == kRootCa;
      if (!ours) return {};
      return {"/" + object.ns};
    };
    return {{resources::kNamespaces, itself},
            {resources::kServiceAccounts, of_own},
            {resources::kConfigMaps, of_own}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const std::string name = split_key(key).second;
    const auto found = client_.get(resources::kNamespaces, "", name);
    if (!found) co_return LookAgain();
    if ((*found)["metadata"].contains("deletionTimestamp")) co_return co_await end(*found);
    co_return co_await furnish(name);
  }

 private:
  Task<Answer<LookAgain>> furnish(std::string ns) {
    if (!client_.get(resources::kServiceAccounts, ns, kServiceAccount)) {
      json account = {{"metadata", {{"name", kServiceAccount}}}};
      const auto made =
          co_await client_.create(resources::kServiceAccounts, ns, std::move(account));
      if (!made && made.error().code != 409) co_return ApiFailure(made.error());
    }
    const auto ca = client_.get(resources::kConfigMaps, ns, kRootCa);
    const json data = {{"ca.crt", root_ca_pem_}};
    if (ca && fields::object(*ca, "data") == data) co_return LookAgain();
    json wanted = {{"metadata",
                    {{"name", kRootCa},
                     {"annotations",
                      {{"kubernetes.io/description",
                        "Contains a CA bundle that can be used to verify the kube-apiserver when "
                        "using internal endpoints such as the internal service IP or "
                        "kubernetes.default.svc. No other usage is guaranteed across distributions "
                        "of Kubernetes clusters."}}}}},
                   {"data", data}};
    Answer<json> written = json();
    if (ca) {
      json change = {{"data", data}};
      written = co_await client_.patch(resources::kConfigMaps, ns, kRootCa, std::move(change));
    } else {
      written = co_await client_.create(resources::kConfigMaps, ns, std::move(wanted));
    }
    if (!written) co_return ApiFailure(written.error());
    co_return LookAgain();
  }

  /// All that can be deleted is; what has a finalizer or a grace period is waited for.
  Task<Answer<LookAgain>> end(json object) {
    const std::string ns = fields::text(object["metadata"], "name");
    std::size_t left = 0;
    std::set<std::string> seen;
    const std::vector<KindRow> rows = client_.kinds().rows();
    for (const KindRow& row : rows) {
      if (!row.namespaced || !seen.insert(row.storage_prefix).second) continue;
      const ResourceType type{row.gv, row.plural};
      const std::vector<StoredObjectPtr> found = client_.list(type, ns);
      left += found.size();
      for (const StoredObjectPtr& each : found) {
        Removal removal;
        removal.uid = each->uid;
        const auto done = co_await client_.remove(type, ns, each->name, removal);
        if (!done && done.error().code != 404 && done.error().code != 409) {
          co_return ApiFailure(done.error());
        }
      }
    }
    if (left > 0) co_return LookAgain(kContentCheck);
    object["spec"]["finalizers"] = json::array();
    const auto done =
        co_await client_.update(resources::kNamespaces, std::move(object), "finalize");
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  ApiClient& client_;
  std::string root_ca_pem_;
};

}  // namespace

std::unique_ptr<Controller> make_namespace_controller(ApiClient& client, std::string root_ca_pem) {
  return std::make_unique<NamespaceController>(client, std::move(root_ca_pem));
}

}  // namespace skerry::standalone
