// The signers of this cluster.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/access/certificate_requests.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"
#include "common/tls/key.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
using Words = std::vector<std::string>;
namespace fields = k8s::fields;

constexpr auto kLifeMax = std::chrono::hours(24 * 365);
const ResourceType kRequests{{"certificates.k8s.io", "v1"}, "certificatesigningrequests"};

struct Signer {
  const char* name;
  bool of_node;  // CN system:node:<name>, O system:nodes
  bool server;
};
constexpr Signer kSigners[] = {
    {"kubernetes.io/kube-apiserver-client", false, false},
    {"kubernetes.io/kube-apiserver-client-kubelet", true, false},
    {"kubernetes.io/kubelet-serving", true, true},
};

const Signer* find_signer(const std::string& name) {
  const auto found = std::find_if(std::begin(kSigners), std::end(kSigners),
                                  [&](const Signer& each) { return each.name == name; });
  return found == std::end(kSigners) ? nullptr : found;
}

std::string usage_complaint(const Words& usages, bool server) {
  const std::string needed = server ? "server auth" : "client auth";
  bool has_needed = false;
  for (const std::string& usage : usages) {
    const bool known =
        usage == "digital signature" || usage == "key encipherment" || usage == needed;
    if (!known) return "usages did not match expected: " + usage;
    has_needed |= usage == needed;
  }
  return has_needed ? "" : "usages must contain: " + needed;
}

std::string node_complaint(const tls::RequestInfo& info, bool server) {
  if (info.organisations != Words{"system:nodes"}) {
    return "subject organization is not system:nodes";
  }
  if (!info.common_name.starts_with("system:node:")) {
    return "subject common name does not begin with system:node:";
  }
  const bool names = !info.dns_names.empty() || !info.ip_addresses.empty();
  if (server && !names) return "DNS or IP subjectAltName is required";
  if (!server && (names || info.other_names)) return "subjectAltNames are not allowed";
  return info.other_names ? "email and URI subjectAltNames are not allowed" : "";
}

const json* condition(const json& request, std::string_view type) {
  for (const json& each : fields::list(fields::object(request, "status"), "conditions")) {
    if (fields::text(each, "type") == type) return &each;
  }
  return nullptr;
}

bool waits(const json& request) {
  const bool approved = condition(request, "Approved") != nullptr;
  const bool refused =
      condition(request, "Denied") != nullptr || condition(request, "Failed") != nullptr;
  return approved && !refused &&
         fields::text(fields::object(request, "status"), "certificate").empty() &&
         find_signer(fields::text(fields::object(request, "spec"), "signerName")) != nullptr;
}

class CertificateSigner final : public Controller {
 public:
  CertificateSigner(ApiClient& client, const tls::Authority& authority, seam::World world)
      : client_(client), authority_(authority), world_(world) {}

  std::string name() const override { return "certificatesigningrequest-signing"; }
  std::vector<ControllerSource> sources() override { return {{kRequests, own_key}}; }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    auto request = client_.get(kRequests, "", split_key(key).second);
    if (!request || !waits(*request)) co_return LookAgain();
    sign(*request);
    const auto written = co_await client_.update(kRequests, std::move(*request), "status");
    if (!written) co_return ApiFailure(written.error());
    co_return LookAgain();
  }

 private:
  void sign(json& request) {
    const WallTime now = world_.clock.wall();
    SignedRequest wanted = signed_request(request);
    wanted.order.now = now;
    if (wanted.refused.empty()) {
      const auto issued = tls::issue_certificate(authority_, wanted.order);
      if (issued) {
        request["status"]["certificate"] = encode_base64(*issued);
        return;
      }
      wanted.refused = issued.error().what;
    }
    const std::string at = k8s::format_time(now);
    request["status"]["conditions"].push_back({{"type", "Failed"},
                                               {"status", "True"},
                                               {"reason", "SignerValidationFailure"},
                                               {"message", wanted.refused},
                                               {"lastUpdateTime", at},
                                               {"lastTransitionTime", at}});
  }

  ApiClient& client_;
  const tls::Authority& authority_;
  seam::World world_;
};

}  // namespace

SignedRequest signed_request(const json& request) {
  SignedRequest out;
  const json& spec = fields::object(request, "spec");
  const Signer* signer = find_signer(fields::text(spec, "signerName"));
  const auto pem = decode_base64(fields::text(spec, "request"));
  const auto info = pem ? tls::parse_request(*pem) : Result<tls::RequestInfo>(fail(pem.error()));
  if (signer == nullptr || !info) {
    out.refused = info ? "another signer's request" : info.error().what;
    return out;
  }
  out.refused = usage_complaint(fields::texts(spec, "usages"), signer->server);
  if (out.refused.empty() && signer->of_node) out.refused = node_complaint(*info, signer->server);
  const std::chrono::seconds asked(fields::number(spec, "expirationSeconds").value_or(0));
  out.order.request_pem = *pem;
  out.order.common_name = info->common_name;
  out.order.organisations = info->organisations;
  out.order.server = signer->server;
  out.order.dns_names = info->dns_names;
  out.order.ip_addresses = info->ip_addresses;
  out.order.life = asked.count() > 0 ? std::min<std::chrono::seconds>(asked, kLifeMax) : kLifeMax;
  return out;
}

std::unique_ptr<Controller> make_certificate_signer(ApiClient& client,
                                                    const tls::Authority& authority,
                                                    seam::World world) {
  return std::make_unique<CertificateSigner>(client, authority, world);
}

}  // namespace skerry::standalone
