#include "tests/bench/fleet.h"

#include <openssl/pem.h>

#include <chrono>

#include "common/tls/key.h"

namespace skerry::bench {
namespace {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

BioPtr reader(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all};
}

}  // namespace

Result<Fleet> make_fleet(const tls::Authority& authority, const std::string& prefix, int count) {
  const auto now = std::chrono::system_clock::now();
  const Result<std::string> key = tls::make_key();
  if (!key) return fail(key.error());
  Fleet fleet;
  fleet.key = {PEM_read_bio_PrivateKey(reader(*key).get(), nullptr, nullptr, nullptr),
               EVP_PKEY_free};
  for (int i = 0; i < count; ++i) {
    FleetNode node;
    node.name = NodeName(prefix + "-" + std::to_string(i));
    node.store = StoreId("store-of-" + node.name.str());
    const Result<std::string> request = tls::make_request(*key, "system:node:" + node.name.str());
    if (!request) return fail(request.error());
    const tls::NodeOrder order{.node = node.name, .request_pem = *request, .now = now};
    const Result<std::string> leaf = tls::issue_node_certificate(authority, order);
    if (!leaf) return fail(leaf.error());
    node.certificate = {PEM_read_bio_X509(reader(*leaf).get(), nullptr, nullptr, nullptr),
                        X509_free};
    fleet.nodes.push_back(std::move(node));
  }
  return fleet;
}

std::shared_ptr<SSL_CTX> client_context() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_NO_AUTO_CHAIN);
  return context;
}

}  // namespace skerry::bench
