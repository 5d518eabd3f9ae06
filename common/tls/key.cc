#include "common/tls/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/tls/openssl.h"

namespace skerry::tls {
namespace {

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::string> make_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!key || !bio ||
      PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(Code::kInternal, "cannot make a private key: " + openssl_error());
  }
  return written(bio.get());
}

Result<std::string> make_request(const std::string& key_pem, const std::string& common_name) {
  const Result<KeyPtr> key = key_from_pem(key_pem);
  if (!key) return fail(key.error());
  const X509ReqPtr request(X509_REQ_new());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  const bool made =
      add_text(X509_REQ_get_subject_name(request.get()), NID_commonName, common_name) &&
      X509_REQ_set_pubkey(request.get(), key->get()) == 1 &&
      X509_REQ_sign(request.get(), key->get(), EVP_sha256()) > 0 &&
      PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1;
  if (!made) return fail(Code::kInternal, "cannot make a certificate request: " + openssl_error());
  return written(bio.get());
}

Result<RequestInfo> parse_request(const std::string& request_pem) {
  const Result<X509ReqPtr> request = request_from_pem(request_pem);
  if (!request) return fail(request.error());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request->get());
  if (key == nullptr) {
    ERR_clear_error();
    return fail(Code::kMalformed, "the certificate request has no readable public key");
  }
  if (const Result<void> strong = check_strength(key); !strong) return fail(strong.error());
  if (X509_REQ_verify(request->get(), key) != 1) {
    ERR_clear_error();
    return fail(Code::kForbidden, "the certificate request is not signed by its own key");
  }
  return RequestInfo{text_of(X509_REQ_get_subject_name(request->get()), NID_commonName),
                     public_key_sha256(key)};
}

Result<void> check_key_matches(const std::string& key_pem, const std::string& certificate_pem) {
  const Result<KeyPtr> key = key_from_pem(key_pem);
  if (!key) return fail(key.error());
  const auto chain = certificates_from_pem(certificate_pem);
  if (!chain) return fail(chain.error());
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return fail(Code::kConflict, "the certificate is for another private key");
  }
  return {};
}

}  // namespace skerry::tls
