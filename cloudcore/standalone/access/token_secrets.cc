#include "cloudcore/standalone/access/token_secrets.h"

#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kType = "kubernetes.io/service-account-token";
constexpr const char* kAccountName = "kubernetes.io/service-account.name";
constexpr const char* kAccountUid = "kubernetes.io/service-account.uid";
const ResourceType kSecrets{{"", "v1"}, "secrets"};

class TokenSecrets final : public Controller {
 public:
  TokenSecrets(ApiClient& client, const ServiceAccountTokens& tokens, std::string root_ca_pem)
      : client_(client), tokens_(tokens), root_ca_pem_(std::move(root_ca_pem)) {}

  std::string name() const override { return "serviceaccount-token"; }

  /// An account wakes the secrets that name it; those are few, and found by their type.
  std::vector<ControllerSource> sources() override {
    const auto of_type = [](const StoredObject& secret) -> std::vector<std::string> {
      if (secret.fields.at("type") != kType) return {};
      return {secret.ns + "/" + secret.name};
    };
    const auto of_account = [this](const StoredObject& account) {
      std::vector<std::string> out;
      const auto tokens = [](const StoredObject& secret) {
        return secret.fields.at("type") == kType;
      };
      for (const StoredObjectPtr& secret : client_.list(kSecrets, account.ns, tokens)) {
        out.push_back(secret->ns + "/" + secret->name);
      }
      return out;
    };
    return {{kSecrets, of_type}, {resources::kServiceAccounts, of_account}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    auto secret = client_.get(kSecrets, ns, name);
    if (!secret || fields::text(*secret, "type") != kType) co_return LookAgain();
    const json annotations = fields::object((*secret)["metadata"], "annotations");
    const std::string account_name = fields::text(annotations, kAccountName);
    const auto account = client_.get(resources::kServiceAccounts, ns, account_name);
    const std::string uid = account ? fields::text((*account)["metadata"], "uid") : std::string();
    const std::string wanted = fields::text(annotations, kAccountUid, uid);
    if (!account || wanted != uid) co_return co_await remove(*secret);
    if (!fill(*secret, account_name, uid)) co_return LookAgain();
    const auto written = co_await client_.update(kSecrets, std::move(*secret));
    if (!written) co_return ApiFailure(written.error());
    co_return LookAgain();
  }

 private:
  Task<Answer<LookAgain>> remove(json secret) {
    const json& metadata = secret["metadata"];
    Removal removal;
    removal.uid = fields::text(metadata, "uid");
    const auto done = co_await client_.remove(kSecrets, fields::text(metadata, "namespace"),
                                              fields::text(metadata, "name"), removal);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  /// True: something was missing.
  bool fill(json& secret, const std::string& account, const std::string& uid) const {
    const json& metadata = secret["metadata"];
    const json before = secret;
    TokenOrder order;
    order.ns = fields::text(metadata, "namespace");
    order.account = account;
    order.account_uid = uid;
    if (!fields::at(secret, "data").is_object()) secret["data"] = json::object();
    json& data = secret["data"];
    if (fields::text(data, "token").empty()) {
      const std::string name = fields::text(metadata, "name");
      data["token"] = encode_base64(tokens_.issue_of_secret(order, name));
    }
    data["ca.crt"] = encode_base64(root_ca_pem_);
    data["namespace"] = encode_base64(order.ns);
    secret["metadata"]["annotations"][kAccountUid] = uid;
    return secret != before;
  }

  ApiClient& client_;
  const ServiceAccountTokens& tokens_;
  std::string root_ca_pem_;
};

}  // namespace

std::unique_ptr<Controller> make_token_secrets(ApiClient& client,
                                               const ServiceAccountTokens& tokens,
                                               std::string root_ca_pem) {
  return std::make_unique<TokenSecrets>(client, tokens, std::move(root_ca_pem));
}

}  // namespace skerry::standalone
