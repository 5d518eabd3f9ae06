#include "cloudcore/kube/tls_trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace skerry::kube {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio open_memory(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
}

/// An encrypted key must fail, not ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

Result<std::vector<TlsTrust::Certificate>> TlsTrust::read_certificates(const std::string& pem,
                                                                       const char* field) {
  std::vector<Certificate> certificates;
  const Bio bio = open_memory(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    certificates.emplace_back(one);
  }
  ERR_clear_error();  // the end of the input is an error too
  if (certificates.empty()) {
    return fail(Code::kMalformed, std::string(field) + " holds no PEM certificate");
  }
  return certificates;
}

Result<std::shared_ptr<TlsTrust>> TlsTrust::load(const ClientConfig& config, std::string host) {
  auto trust = std::make_shared<TlsTrust>();
  trust->host_ = std::move(host);
  if (!config.ca_pem.empty()) {
    const auto roots = read_certificates(config.ca_pem, "certificate-authority");
    if (!roots) return fail(roots.error());
    trust->roots_.reset(X509_STORE_new());
    for (const Certificate& root : *roots) X509_STORE_add_cert(trust->roots_.get(), root.get());
  }
  if (config.certificate_pem.empty()) return trust;

  auto chain = read_certificates(config.certificate_pem, "client-certificate");
  if (!chain) return fail(chain.error());
  trust->own_chain_ = std::move(*chain);
  const Bio bio = open_memory(config.key_pem);
  trust->key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!trust->key_) {
    return fail(Code::kMalformed, "client-key holds no PEM private key without a passphrase");
  }
  const bool match =
      X509_check_private_key(trust->own_chain_.front().get(), trust->key_.get()) == 1;
  ERR_clear_error();
  if (!match) return fail(Code::kMalformed, "client-key does not belong to client-certificate");
  return trust;
}

void TlsTrust::apply(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (roots_) SSL_CTX_set1_cert_store(context, roots_.get());
  // Not cpprest's own check: it knows no tls-server-name and loses the reason of a failure.
  SSL_CTX_set_cert_verify_callback(context, &TlsTrust::verify, this);
  if (own_chain_.empty()) return;
  SSL_CTX_use_certificate(context, own_chain_.front().get());
  for (std::size_t i = 1; i < own_chain_.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, own_chain_[i].get());
  }
  SSL_CTX_use_PrivateKey(context, key_.get());
}

int TlsTrust::verify(X509_STORE_CTX* chain, void* self) {
  auto* const trust = static_cast<TlsTrust*>(self);
  X509_STORE_CTX_set_verify_cb(chain, [](int ok, X509_STORE_CTX*) { return ok; });
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(chain);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(wanted, trust->host_.c_str()) == 1;
  if (!is_address && X509_VERIFY_PARAM_set1_host(wanted, trust->host_.c_str(), 0) != 1) return 0;
  const int verified = X509_verify_cert(chain);
  trust->last_failure_ = verified == 1 ? X509_V_OK : X509_STORE_CTX_get_error(chain);
  return verified;
}

std::string TlsTrust::last_failure() const {
  const int failure = last_failure_;
  return failure == X509_V_OK ? std::string() : X509_verify_cert_error_string(failure);
}

}  // namespace skerry::kube
