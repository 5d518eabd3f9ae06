#include "cloudcore/standalone/access/access.h"

#include "cloudcore/standalone/access/certificate_requests.h"
#include "cloudcore/standalone/access/node_restriction.h"
#include "cloudcore/standalone/access/rbac_admission.h"
#include "cloudcore/standalone/access/web_token.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;

constexpr const char* kMasters = "system:masters";

constexpr const char* kDiscoveryPath = "/.well-known/openid-configuration";
constexpr const char* kKeysPath = "/openid/v1/jwks";

std::string discovery_document(const std::string& address) {
  const json out = {{"issuer", kTokenIssuer},
                    {"jwks_uri", "https://" + address + kKeysPath},
                    {"response_types_supported", {"id_token"}},
                    {"subject_types_supported", {"public"}},
                    {"id_token_signing_alg_values_supported", {"ES256"}}};
  return out.dump();
}

Task<ApiResponse> at_once(ApiResponse response) { co_return response; }

}  // namespace

Access::Access(Parts parts)
    : api_(parts.api),
      store_(parts.store),
      world_(parts.world),
      tokens_(store_, world_, std::move(parts.token_key), kTokenIssuer),
      authorizer_(store_),
      authenticator_(tokens_, authorizer_),
      reviews_(store_, world_, tokens_, authorizer_),
      discovery_(discovery_document(parts.address)),
      keys_(json{{"keys", json::array({web_key(tokens_.key())})}}.dump()) {
  join();
}

void Access::join() {
  api_.set_authorizer([this](const ApiRequest& request, const RequestInfo& info) -> Answer<void> {
    if (request.user.in_group(kMasters)) return {};
    return authorizer_.check(request.user, question_of(request, info));
  });
  api_.add_admission([this](AdmissionRequest& asked) { return admit_node_write(store_, asked); });
  api_.add_admission(
      [this](AdmissionRequest& asked) { return admit_rbac_write(authorizer_, asked); });
  api_.add_admission(
      [this](AdmissionRequest& asked) { return admit_certificate_request(authorizer_, asked); });
  reviews_.join(api_);
}

const std::string* Access::document(const std::string& path) const {
  const std::string_view bare =
      std::string_view(path).substr(0, path.size() - (path.ends_with('/') ? 1 : 0));
  if (bare == kDiscoveryPath) return &discovery_;
  return bare == kKeysPath ? &keys_ : nullptr;
}

Task<ApiResponse> Access::handle(std::shared_ptr<const ApiRequest> request) {
  const std::string* text = document(request->path);
  if (text == nullptr) return api_.handle(std::move(request));
  const auto allowed =
      authorizer_.check(request->user, question_of(*request, request_info(*request)));
  if (!allowed) return at_once(error_response(allowed.error()));
  if (request->method != "GET" && request->method != "HEAD") {
    return at_once(error_response(method_not_allowed().value()));
  }
  ApiResponse out = json_response(200, *text);
  if (text == &keys_) out.content_type = "application/jwk-set+json";
  out.headers.emplace_back("Cache-Control", "public, max-age=3600");
  return at_once(std::move(out));
}

}  // namespace skerry::standalone
