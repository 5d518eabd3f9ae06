#include "cloudcore/standalone/access/service_account_tokens.h"

#include <algorithm>

#include "cloudcore/standalone/access/service_account_name.h"
#include "cloudcore/standalone/access/web_token.h"
#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/controllers/api_client.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Refused = tl::unexpected<std::string>;
namespace fields = k8s::fields;

constexpr const char* kPrivate = "kubernetes.io";
constexpr const char* kSecretIssuer = "kubernetes/serviceaccount";
constexpr const char* kExtra = "authentication.kubernetes.io/";
/// A pod that ends still needs its token, for as long as its grace period and a little more.
constexpr auto kAfterDeletion = std::chrono::seconds(60);

struct BoundKind {
  const char* claim;
  const char* prefix;
  bool namespaced;
};
constexpr BoundKind kBoundKinds[] = {
    {"pod", "pods", true}, {"secret", "secrets", true}, {"node", "nodes", false}};

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string list_text(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const std::string& word : words) out += (out.size() > 1 ? " \"" : "\"") + word + "\"";
  return out + "]";
}

Refused invalidated() { return Refused("service account token has been invalidated"); }

User account_user(const std::string& ns, const std::string& name, const std::string& uid) {
  User out{service_account_user(ns, name), uid, service_account_groups(ns), {}};
  out.groups.emplace_back("system:authenticated");
  return out;
}

}  // namespace

// ---- issuing ------------------------------------------------------------------------------------

std::string ServiceAccountTokens::issue(const TokenOrder& order) const {
  const std::int64_t now = seconds_of(world_.clock.wall());
  json own = {{"namespace", order.ns},
              {"serviceaccount", {{"name", order.account}, {"uid", order.account_uid}}}};
  for (const TokenOrder::Bound& each : order.bound) {
    own[each.kind] = {{"name", each.name}};
    if (!each.uid.empty()) own[each.kind]["uid"] = each.uid;
  }
  if (order.warn_after) own["warnafter"] = now + order.warn_after->count();
  const json claims = {{"aud", order.audiences},
                       {"exp", now + order.life.count()},
                       {"iat", now},
                       {"iss", issuer_},
                       {"jti", make_uid(world_.random)},
                       {kPrivate, std::move(own)},
                       {"nbf", now},
                       {"sub", service_account_user(order.ns, order.account)}};
  return encode_web_token(claims, key_);
}

std::string ServiceAccountTokens::issue_of_secret(const TokenOrder& order,
                                                  const std::string& secret) const {
  const std::string prefix = "kubernetes.io/serviceaccount/";
  const json claims = {{"iss", kSecretIssuer},
                       {prefix + "namespace", order.ns},
                       {prefix + "secret.name", secret},
                       {prefix + "service-account.name", order.account},
                       {prefix + "service-account.uid", order.account_uid},
                       {"sub", service_account_user(order.ns, order.account)}};
  return encode_web_token(claims, key_);
}

// ---- checking -----------------------------------------------------------------------------------

ServiceAccountTokens::Claims ServiceAccountTokens::signed_claims(std::string_view token) const {
  const Sha256 hash = sha256(token);
  if (const auto found = remembered_.find(hash); found != remembered_.end()) return found->second;
  auto claims = decode_web_token(token, key_);
  if (!claims) return nullptr;
  if (remembered_.size() >= kTokensRemembered) remembered_.clear();
  auto held = std::make_shared<const json>(std::move(*claims));
  remembered_.emplace(hash, held);
  return held;
}

/// Whether the object that a claim names is there, the same one, and not long on its way out.
bool ServiceAccountTokens::alive(const std::string& prefix,
                                 const std::string& ns,
                                 const json& named) const {
  const ObjectPlace place{prefix, ns, fields::text(named, "name")};
  const StoredObjectPtr found = store_.get(place);
  const std::string uid = fields::text(named, "uid");
  if (!found || (!uid.empty() && found->uid != uid)) return false;
  if (found->json->find("\"deletionTimestamp\"") == std::string::npos) return true;
  const json object = parsed(*found);
  const json& metadata = fields::object(object, "metadata");
  if (fields::text(metadata, "deletionTimestamp").empty()) return true;
  return fields::time(metadata, "deletionTimestamp") + kAfterDeletion >= world_.clock.wall();
}

tl::expected<ProvenToken, std::string> ServiceAccountTokens::check(
    std::string_view token, const std::vector<std::string>& audiences) const {
  const Claims claims = signed_claims(token);
  if (!claims) return Refused("invalid bearer token");
  if (fields::text(*claims, "iss") == kSecretIssuer) return check_of_secret(*claims, token);
  if (fields::text(*claims, "iss") != issuer_) return Refused("invalid bearer token");
  const std::int64_t now = seconds_of(world_.clock.wall());
  if (now >= fields::number(*claims, "exp").value_or(0)) {
    return Refused("service account token has expired");
  }
  if (now < fields::number(*claims, "nbf").value_or(0)) {
    return Refused("service account token is not valid yet");
  }
  ProvenToken out;
  const std::vector<std::string> own = fields::texts(*claims, "aud");
  const std::vector<std::string> asked =
      audiences.empty() ? std::vector<std::string>{issuer_} : audiences;
  for (const std::string& each : asked) {
    if (std::find(own.begin(), own.end(), each) != own.end()) out.audiences.push_back(each);
  }
  if (out.audiences.empty()) {
    return Refused("token audiences " + list_text(own) + " is invalid for the target audiences " +
                   list_text(asked));
  }
  const json& about = fields::object(*claims, kPrivate);
  const std::string ns = fields::text(about, "namespace");
  const json& account = fields::object(about, "serviceaccount");
  if (!alive("serviceaccounts", ns, account)) return invalidated();
  out.user = account_user(ns, fields::text(account, "name"), fields::text(account, "uid"));
  out.user.extra.push_back(
      {std::string(kExtra) + "credential-id", {"JTI=" + fields::text(*claims, "jti")}});
  const bool of_pod = about.contains("pod");
  for (const BoundKind& kind : kBoundKinds) {
    const json& named = fields::at(about, kind.claim);
    if (!named.is_object()) continue;
    // Of a pod's node it only tells: the pod may outlive the Node object.
    const bool binds = !of_pod || std::string_view(kind.claim) != "node";
    if (binds && !alive(kind.prefix, kind.namespaced ? ns : "", named)) return invalidated();
    for (const char* field : {"name", "uid"}) {
      const std::string value = fields::text(named, field);
      if (std::string_view(kind.claim) == "secret" || value.empty()) continue;
      out.user.extra.push_back({std::string(kExtra) + kind.claim + "-" + field, {value}});
    }
  }
  return out;
}

tl::expected<ProvenToken, std::string> ServiceAccountTokens::check_of_secret(
    const json& claims, std::string_view token) const {
  const std::string prefix = "kubernetes.io/serviceaccount/";
  const auto claim = [&](const char* name) { return fields::text(claims, prefix + name); };
  const std::string ns = claim("namespace");
  const json secret = {{"name", claim("secret.name")}};
  const json account = {{"name", claim("service-account.name")},
                        {"uid", claim("service-account.uid")}};
  if (!alive("secrets", ns, secret)) return invalidated();
  const ObjectPlace place{"secrets", ns, claim("secret.name")};
  const json stored = parsed(*store_.get(place));
  const auto held = decode_base64(fields::text(fields::object(stored, "data"), "token"));
  if (!held || *held != token) return Refused("service account token does not match its secret");
  if (!alive("serviceaccounts", ns, account)) return invalidated();
  ProvenToken out;
  out.user = account_user(ns, claim("service-account.name"), claim("service-account.uid"));
  out.audiences = {issuer_};
  return out;
}

}  // namespace skerry::standalone
