#include "common/tls/key.h"

#include <arpa/inet.h>
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

std::string ip_text(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return {};
  const int family = size == 4 ? AF_INET : AF_INET6;
  ::inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text);
  return text;
}

struct FreeExtensions {
  void operator()(STACK_OF(X509_EXTENSION) * all) const {
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
  }
};

void read_names(X509_REQ* request, RequestInfo& out) {
  const std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions> extensions(
      X509_REQ_get_extensions(request));
  const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      out.dns_names.emplace_back(
          reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
          static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      out.ip_addresses.push_back(ip_text(name->d.iPAddress));
    } else {
      out.other_names = true;
    }
  }
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
  RequestInfo out;
  const X509_NAME* subject = X509_REQ_get_subject_name(request->get());
  out.common_name = text_of(subject, NID_commonName);
  out.organisations = texts_of(subject, NID_organizationName);
  out.public_key_sha256 = public_key_sha256(key);
  read_names(request->get(), out);
  return out;
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
