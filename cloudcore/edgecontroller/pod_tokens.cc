#include "cloudcore/edgecontroller/pod_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"

namespace skerry::edgecontroller {
namespace {

std::string service_account_of(const k8s::Object& pod) {
  const auto json = nlohmann::json::parse(*pod.json, nullptr, false);
  return k8s::fields::text(k8s::fields::at(json, "spec"), "serviceAccountName", "default");
}

async::Task<lane::TokenGrant> mint(kube::Client& client,
                                   k8s::ObjectPtr pod,
                                   k8s::TokenSource source) {
  kube::TokenRequest request;
  request.ns = pod->key.ns;
  request.service_account = service_account_of(*pod);
  if (!source.audience.empty()) request.audiences = {source.audience};
  request.expiration_seconds = source.expiration_seconds;
  request.bound_name = pod->key.name;
  request.bound_uid = pod->uid;

  lane::TokenGrant grant;
  grant.slot = {pod->uid, source.volume, source.path};
  grant.issued = client.world().clock.wall();
  const Result<kube::Token> token = co_await client.request_token(std::move(request));
  if (!token) {
    grant.error = std::string(to_string(token.error().code)) + ": " + token.error().what;
    co_return grant;
  }
  grant.token = token->token;
  grant.expires = token->expires;
  co_return grant;
}

}  // namespace

async::Task<std::vector<lane::TokenGrant>> mint_tokens(kube::Client& client, k8s::ObjectPtr pod) {
  std::vector<lane::TokenGrant> grants;
  const auto sources = k8s::token_sources(*pod);
  if (!sources) co_return grants;
  for (const k8s::TokenSource& source : *sources) {
    grants.push_back(co_await mint(client, pod, source));
  }
  co_return grants;
}

async::Task<lane::TokenGrant> mint_token(kube::Client& client,
                                         k8s::ObjectPtr pod,
                                         lane::TokenQuery query) {
  lane::TokenGrant grant;
  const auto sources = k8s::token_sources(*pod);
  if (sources) {
    const auto source = std::find_if(sources->begin(), sources->end(), [&](const auto& one) {
      return one.volume == query.slot.volume && one.path == query.slot.path;
    });
    if (source != sources->end()) grant = co_await mint(client, pod, *source);
  }
  if (grant.token.empty() && grant.error.empty()) {
    grant.error = "forbidden: the pod has no such token volume";
  }
  grant.query = query.query;
  grant.slot = query.slot;
  co_return grant;
}

}  // namespace skerry::edgecontroller
