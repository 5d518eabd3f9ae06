#include "cloudcore/cloudhub/pki.h"

#include <nlohmann/json.hpp>

#include "cloudcore/kube/client.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/tls/certificate.h"
#include "common/tls/key.h"

namespace skerry::cloudhub {
namespace {

constexpr const char* kCaRecord = "skerry-ca";
constexpr const char* kCertificateDatum = "tls.crt";
constexpr const char* kKeyDatum = "tls.key";

std::string hex(const Sha256& hash) {
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

Result<tls::Authority> authority_from(const Record& record) {
  const auto certificate = record.data.find(kCertificateDatum);
  const auto key = record.data.find(kKeyDatum);
  if (certificate == record.data.end() || key == record.data.end()) {
    return fail(Code::kMalformed, "Secret " + record.name +
                                      " lacks tls.crt or tls.key; restore it from a backup (a new "
                                      "CA would make every node join again)");
  }
  return tls::Authority{certificate->second, key->second};
}

}  // namespace

// ---- signing -----------------------------------------------------------------------------------

Pki::Pki(tls::Authority authority, std::string hash, std::chrono::seconds life, WallTime not_after)
    : authority_(std::move(authority)),
      hash_(std::move(hash)),
      node_life_(life),
      not_after_(not_after) {}

Result<std::shared_ptr<const Pki>> Pki::make(tls::Authority authority,
                                             std::chrono::seconds node_life,
                                             WallTime now) {
  SKERRY_ASSERT(node_life > std::chrono::seconds(0), "a certificate needs a life");
  if (Result<void> checked = tls::check_authority(authority, now); !checked) {
    return fail("the node CA", checked.error());
  }
  Result<tls::CertificateInfo> info = tls::parse_certificate(authority.certificate_pem);
  if (!info) return fail("the node CA", info.error());
  std::string hash = hex(info->sha256);
  return std::shared_ptr<const Pki>(
      new Pki(std::move(authority), std::move(hash), node_life, info->not_after));
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

// ---- where the CA comes from -------------------------------------------------------------------

async::Task<Result<tls::Authority>> load_or_make_authority(std::shared_ptr<IdentityStore> store,
                                                           seam::World world) {
  Result<Record> record = co_await store->get(kCaRecord);
  if (record) co_return authority_from(*record);
  if (record.error().code != Code::kNotFound)
    co_return fail("cannot read the node CA", record.error());

  Result<tls::Authority> made = tls::make_authority("skerry-node-ca", world.clock.wall());
  if (!made) co_return made;
  Record fresh{.kind = RecordKind::kCa, .name = kCaRecord, .data = {}, .resource_version = {}};
  fresh.data[kCertificateDatum] = made->certificate_pem;
  fresh.data[kKeyDatum] = made->key_pem;
  Result<Record> stored = co_await store->create(std::move(fresh));
  if (stored) {
    log::info("node CA made", {{"secret", kCaRecord}});
    co_return made;
  }
  if (stored.error().code != Code::kAlreadyExists) {
    co_return fail("cannot store the node CA", stored.error());
  }
  // Another cloudcore was faster: its CA is the CA.
  record = co_await store->get(kCaRecord);
  if (!record) co_return fail("cannot read the node CA", record.error());
  co_return authority_from(*record);
}

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
