// TokenRequest: serviceaccounts/<name>/token.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/access/node_restriction.h"
#include "cloudcore/standalone/access/reviews.h"
#include "cloudcore/standalone/controllers/api_client.h"
#include "common/base/assert.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using std::chrono::seconds;
namespace fields = k8s::fields;

constexpr std::int64_t kSecondsDefault = 3600;
constexpr std::int64_t kSecondsMin = 600;
constexpr std::int64_t kSecondsMax = std::int64_t{1} << 32;
/// What the volume of a pod asks for that nobody asked for: its container may not know that tokens
/// end, so it lives longer. Source: --service-account-extend-token-expiration.
constexpr std::int64_t kUnaskedSeconds = 3607;
constexpr auto kUnaskedLife = std::chrono::hours(24 * 365);

const KindRow& token_request_row() {
  static const KindRow row = [] {
    KindRow out;
    out.gv = {"authentication.k8s.io", "v1"};
    out.kind = "TokenRequest";
    out.plural = "tokenrequests";
    static const auto kinds = built_in_kinds();
    out.type = kinds->type("io.k8s.api.authentication.v1.TokenRequest");
    SKERRY_ASSERT(out.type != nullptr, "the facts table has TokenRequest");
    return out;
  }();
  return row;
}

KindRow row_of(const std::string& plural, const std::string& kind) {
  KindRow out;
  out.gv = {"", "v1"};
  out.plural = plural;
  out.kind = kind;
  return out;
}

FieldErrors complaints(std::int64_t expiration) {
  const auto wrong = [&](const char* why) {
    return FieldErrors{{FieldError::Kind::kInvalid, "spec.expirationSeconds", why, expiration, {}}};
  };
  if (expiration < kSecondsMin) return wrong("may not specify a duration less than 10 minutes");
  if (expiration > kSecondsMax) return wrong("may not specify a duration larger than 2^32 seconds");
  return {};
}

}  // namespace

/// The object that a token shall end with; for a pod, its node too.
Answer<std::vector<TokenOrder::Bound>> Reviews::bound_objects(const ResourceRequest& request,
                                                              const json& reference) const {
  std::vector<TokenOrder::Bound> out;
  if (!reference.is_object()) return out;
  const std::string kind = fields::text(reference, "kind");
  const std::string version = fields::text(reference, "apiVersion", "v1");
  const std::string name = fields::text(reference, "name");
  const bool known = version == "v1" && (kind == "Pod" || kind == "Secret" || kind == "Node");
  if (!known) {
    return bad_request("cannot bind token to object of type /" + version + ", Kind=" + kind);
  }
  const std::string plural = kind == "Pod" ? "pods" : kind == "Node" ? "nodes" : "secrets";
  const ObjectPlace place{plural, kind == "Node" ? "" : request.info.ns, name};
  const StoredObjectPtr found = store_.get(place);
  if (!found) return not_found(row_of(plural, kind), name);
  const std::string uid = fields::text(reference, "uid");
  if (!uid.empty() && uid != found->uid) {
    return conflict(row_of(plural, kind), name,
                    "the UID in the bound object reference (" + uid +
                        ") does not match the UID in record. The object might have been deleted "
                        "and then recreated");
  }
  const std::string claim = kind == "Pod" ? "pod" : kind == "Node" ? "node" : "secret";
  out.push_back({claim, name, found->uid});
  if (kind != "Pod") return out;
  const json pod = parsed(*found);
  const json& spec = fields::object(pod, "spec");
  if (fields::text(spec, "serviceAccountName", "default") != request.info.name) {
    return bad_request("cannot bind token for serviceaccount \"" + request.info.name +
                       "\" to pod running with different serviceaccount name.");
  }
  const std::string node = fields::text(spec, "nodeName");
  if (node.empty()) return out;
  const ObjectPlace node_place{"nodes", "", node};
  const StoredObjectPtr node_found = store_.get(node_place);
  out.push_back({"node", node, node_found ? node_found->uid : ""});
  return out;
}

/// Completes `spec` with what is not said.
Answer<TokenOrder> Reviews::token_order(const ResourceRequest& request,
                                        const StoredObject& account,
                                        json& spec) const {
  TokenOrder out;
  out.ns = request.info.ns;
  out.account = request.info.name;
  out.account_uid = account.uid;
  out.audiences = fields::texts(spec, "audiences");
  if (out.audiences.empty()) out.audiences = {tokens_.issuer()};
  const std::int64_t asked = fields::number(spec, "expirationSeconds").value_or(kSecondsDefault);
  const FieldErrors errors = complaints(asked);
  if (!errors.empty()) return invalid(token_request_row(), "", errors);
  auto bound = bound_objects(request, fields::at(spec, "boundObjectRef"));
  if (!bound) return ApiFailure(bound.error());
  out.bound = std::move(*bound);
  out.life = seconds(asked);
  const bool of_pod = !out.bound.empty() && out.bound.front().kind == "pod";
  const bool own_audience = out.audiences == std::vector<std::string>{tokens_.issuer()};
  if (asked == kUnaskedSeconds && of_pod && own_audience) {
    out.life = kUnaskedLife;
    out.warn_after = seconds(asked);
  }
  spec["audiences"] = out.audiences;
  spec["expirationSeconds"] = asked;
  if (!spec.contains("boundObjectRef")) spec["boundObjectRef"] = nullptr;
  return out;
}

RestAnswer Reviews::token_request(const ResourceRequest& request) const {
  const ObjectPlace place{"serviceaccounts", request.info.ns, request.info.name};
  const StoredObjectPtr account = store_.get(place);
  if (!account) return not_found(*request.row, request.info.name);
  auto body = review_body(request, token_request_row());
  if (!body) return ApiFailure(body.error());
  json& spec = (*body)["spec"];
  if (auto admitted = admit_node_token(store_, request, spec); !admitted) {
    return ApiFailure(admitted.error());
  }
  const auto order = token_order(request, *account, spec);
  if (!order) return ApiFailure(order.error());
  const WallTime now = world_.clock.wall();
  const auto shown = seconds(fields::number(spec, "expirationSeconds").value_or(0));
  (*body)["metadata"] = {{"name", request.info.name},
                         {"namespace", request.info.ns},
                         {"creationTimestamp", k8s::format_time(now)}};
  (*body)["status"] = {{"token", tokens_.issue(*order)},
                       {"expirationTimestamp", k8s::format_time(now + shown)}};
  return json_response(201, body->dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace skerry::standalone
