#include "common/tls/certificate.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/tls/certificate_info.h"

namespace skerry::tls {
namespace {

std::string serial_hex(X509* certificate) {
  const std::unique_ptr<BIGNUM, Free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  SKERRY_ASSERT(number, "no memory for a serial number");
  char* hex = BN_bn2hex(number.get());
  std::string out(hex);
  OPENSSL_free(hex);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  out.erase(0, std::min(out.find_first_not_of('0'), out.size() - 1));
  return out;
}

}  // namespace

CertificateInfo info_of(X509* certificate) {
  CertificateInfo out;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  out.common_name = text_of(subject, NID_commonName);
  out.organisations = texts_of(subject, NID_organizationName);
  if (!out.organisations.empty()) out.organisation = out.organisations.front();
  out.serial_hex = serial_hex(certificate);
  out.not_before = to_wall(X509_get0_notBefore(certificate));
  out.not_after = to_wall(X509_get0_notAfter(certificate));
  out.is_ca = X509_check_ca(certificate) == 1;
  if ((X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0) {
    const std::uint32_t usage = X509_get_extended_key_usage(certificate);
    out.server_auth = (usage & XKU_SSL_SERVER) != 0;
    out.client_auth = (usage & XKU_SSL_CLIENT) != 0;
  }
  out.sha256 = der_sha256(certificate);
  if (EVP_PKEY* key = X509_get0_pubkey(certificate)) out.public_key_sha256 = public_key_sha256(key);
  return out;
}

Result<std::vector<CertificateInfo>> parse_chain(const std::string& pem) {
  const auto chain = certificates_from_pem(pem);
  if (!chain) return fail(chain.error());
  std::vector<CertificateInfo> out;
  for (const X509Ptr& certificate : *chain) out.push_back(info_of(certificate.get()));
  return out;
}

Result<CertificateInfo> parse_certificate(const std::string& pem) {
  const auto chain = parse_chain(pem);
  if (!chain) return fail(chain.error());
  return chain->front();
}

}  // namespace skerry::tls
