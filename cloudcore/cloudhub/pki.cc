#include "cloudcore/cloudhub/pki.h"

#include <nlohmann/json.hpp>

#include "cloudcore/kube/client.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/tls/certificate.h"
#include "common/tls/key.h"

namespace skerry::cloudhub {
namespace {

std::string hex(const Sha256& hash) {
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

}  // namespace

// ---- signing -----------------------------------------------------------------------------------

Result<std::shared_ptr<const Pki>> Pki::make(const CaSet& set,
                                             std::chrono::seconds node_life,
                                             WallTime now) {
  SKERRY_ASSERT(node_life > std::chrono::seconds(0), "a certificate needs a life");
  if (Result<void> checked = tls::check_authority(set.current, now); !checked) {
    return fail("the node CA", checked.error());
  }
  Result<tls::CertificateInfo> info = tls::parse_certificate(set.current.certificate_pem);
  if (!info) return fail("the node CA", info.error());
  const std::shared_ptr<Pki> made(new Pki);
  made->authority_ = set.current;
  made->bundle_pem_ = edge_bundle(set, now);
  made->node_issuers_pem_ = node_issuers(set);
  made->hash_ = hex(info->sha256);
  made->node_life_ = node_life;
  made->not_after_ = info->not_after;
  return std::shared_ptr<const Pki>(made);
}

Result<TokenUse> Pki::issue_node(const NodeName& node,
                                 const std::string& request_pem,
                                 WallTime now) const {
  Result<tls::RequestInfo> request = tls::parse_request(request_pem);
  if (!request) return fail("the certificate request", request.error());
  if (request->common_name != std::string(kNodeNamePrefix) + node.str()) {
    return fail(Code::kForbidden, "the certificate request is for \"" +
                                      request->common_name.substr(0, 100) + "\", not for node \"" +
                                      node.str() + "\"");
  }
  tls::NodeOrder order{.node = node, .request_pem = request_pem, .now = now, .life = node_life_};
  Result<std::string> leaf = tls::issue_node_certificate(authority_, order);
  if (!leaf) return fail(leaf.error());
  Result<tls::CertificateInfo> info = tls::parse_certificate(*leaf);
  if (!info) return fail(info.error());
  return TokenUse{.node = node,
                  .key_hash = hex(info->public_key_sha256),
                  .serial = info->serial_hex,
                  .certificate_pem = *leaf + authority_.certificate_pem,
                  .issued = info->not_before + kCertificateBackdate,
                  .not_after = info->not_after};
}

Result<ServerCertificate> Pki::issue_server(const ServerNames& names, WallTime now) const {
  Result<std::string> key = tls::make_key();
  if (!key) return fail(key.error());
  tls::ServerOrder order{.key_pem = *key,
                         .dns_names = names.dns_names,
                         .ip_addresses = names.ip_addresses,
                         .now = now};
  Result<std::string> leaf = tls::issue_server_certificate(authority_, order);
  if (!leaf) return fail("the hub's own certificate", leaf.error());
  Result<tls::CertificateInfo> info = tls::parse_certificate(*leaf);
  if (!info) return fail(info.error());
  return ServerCertificate{.chain_pem = *leaf + authority_.certificate_pem,
                           .key_pem = *key,
                           .names = names,
                           .not_before = info->not_before,
                           .not_after = info->not_after};
}

bool needs_reissue(const ServerCertificate& certificate, const ServerNames& names, WallTime now) {
  const auto life = certificate.not_after - certificate.not_before;
  return now >= certificate.not_before + life / 3 * 2 || names != certificate.names;
}

// ---- the cluster's own CA ----------------------------------------------------------------------

async::Task<Result<std::string>> read_cluster_client_ca(std::shared_ptr<kube::Client> client) {
  const k8s::ObjectKey key{k8s::Kind::kConfigMap, "kube-system",
                           "extension-apiserver-authentication"};
  Result<std::string> text = co_await client->get(key);
  if (!text) {
    const Code code = text.error().code;
    if (code == Code::kNotFound || code == Code::kForbidden) co_return std::string();
    co_return fail("cannot read the cluster's client CA", text.error());
  }
  const nlohmann::json object = nlohmann::json::parse(*text, nullptr, false);
  if (!object.is_object()) co_return fail(Code::kMalformed, "the ConfigMap is not JSON");
  const auto data = object.find("data");
  if (data == object.end() || !data->is_object()) co_return std::string();
  const auto pem = data->find("client-ca-file");
  if (pem == data->end() || !pem->is_string()) co_return std::string();
  co_return pem->get<std::string>();
}

Result<void> check_not_client_ca(const tls::Authority& authority,
                                 const std::string& client_ca_pem) {
  if (client_ca_pem.empty()) return {};
  Result<tls::CertificateInfo> ours = tls::parse_certificate(authority.certificate_pem);
  if (!ours) return fail("the node CA", ours.error());
  Result<std::vector<tls::CertificateInfo>> theirs = tls::parse_chain(client_ca_pem);
  if (!theirs) return fail("the cluster's client CA", theirs.error());
  for (const tls::CertificateInfo& info : *theirs) {
    // By the key: a renewed certificate of the same CA is the same CA.
    if (info.public_key_sha256 != ours->public_key_sha256) continue;
    return fail(Code::kForbidden,
                "the node CA is also the cluster's client CA (\"" + info.common_name +
                    "\"): every edge node would get in to the Kubernetes API. Give another CA, or "
                    "none: cloudcore makes its own");
  }
  return {};
}

}  // namespace skerry::cloudhub
