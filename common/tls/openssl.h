// Private to common/tls: OpenSSL's objects with owners, its errors as text, its times as ours.
//
// No function of OpenSSL that takes a time_t is called anywhere: on a 32-bit machine our time_t has
// 64 bits and the one libcrypto was built with has 32.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/hash.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::tls {

struct Free {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(ASN1_STRING* p) const { ASN1_STRING_free(p); }  // times are strings, too
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(GENERAL_NAME* p) const { GENERAL_NAME_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using X509ReqPtr = std::unique_ptr<X509_REQ, Free>;

/// PEM texts that come from outside: a certificate chain, a bundle, a request.
inline constexpr std::size_t kPemBytesMax = 256 * kKiB;

/// What OpenSSL complained about first, for people; empties its queue.
std::string openssl_error();

Result<KeyPtr> key_from_pem(const std::string& pem);
/// Every certificate in the text, in order; at least one.
Result<std::vector<X509Ptr>> certificates_from_pem(const std::string& pem);
Result<X509ReqPtr> request_from_pem(const std::string& pem);
std::string to_pem(X509* certificate);

Sha256 der_sha256(X509* certificate);
Sha256 public_key_sha256(EVP_PKEY* key);
/// Empty when the name has none.
std::string text_of(const X509_NAME* name, int nid);
std::vector<std::string> texts_of(const X509_NAME* name, int nid);  // of all entries, in order
/// As a typed UTF8String: OpenSSL's limit of 64 characters for a CN would refuse long node names.
bool add_text(X509_NAME* name, int nid, const std::string& text);

/// Clamped to what WallTime holds (years 1970 to 2262).
WallTime to_wall(const ASN1_TIME* time);
/// Seconds; fractions are dropped.
std::unique_ptr<ASN1_TIME, Free> to_asn1(WallTime time);
std::string to_text(WallTime time);  // "2006-01-02 15:04:05 UTC", for messages

/// Refuses what can be broken or is costly to verify: RSA outside of 2048-4096 bits, curves under
/// 256 bits, anything but RSA, EC and Ed25519.
Result<void> check_strength(EVP_PKEY* key);

}  // namespace skerry::tls
