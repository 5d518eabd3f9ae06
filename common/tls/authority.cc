#include "common/tls/authority.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>

#include "common/base/assert.h"
#include "common/tls/certificate_info.h"
#include "common/tls/certificate_order.h"
#include "common/tls/key.h"

namespace skerry::tls {
namespace {

constexpr auto kAuthorityLife = std::chrono::hours(24 * 365 * 10);
constexpr int kSerialBytes = 16;
constexpr std::size_t kDnsNameBytesMax = 253;

// ---- parts of a certificate ------------------------------------------------------------------

// Positive, random, of 126 bits: unpredictable and never used twice (RFC 5280 4.1.2.2).
bool set_serial(X509* certificate) {
  unsigned char bytes[kSerialBytes];
  if (RAND_bytes(bytes, kSerialBytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);
  const std::unique_ptr<BIGNUM, Free> number(BN_bin2bn(bytes, kSerialBytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

struct Validity {
  WallTime from;
  WallTime to;
};

bool set_validity(X509* certificate, const Validity& validity) {
  return X509_set1_notBefore(certificate, to_asn1(validity.from).get()) == 1 &&
         X509_set1_notAfter(certificate, to_asn1(validity.to).get()) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> made(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

struct Signer {
  X509Ptr certificate;
  KeyPtr key;
};

Result<Signer> signer_of(const Authority& authority, WallTime now) {
  if (const Result<void> good = check_authority(authority, now); !good) {
    return fail("certificate authority", good.error());
  }
  auto chain = certificates_from_pem(authority.certificate_pem);
  auto key = key_from_pem(authority.key_pem);
  SKERRY_ASSERT(chain && key, "an authority that was just checked");
  return Signer{std::move(chain->front()), std::move(*key)};
}

// Ed25519 signs without a digest; EC and RSA use SHA-256.
const EVP_MD* digest_for(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

// Fields that every leaf has. `usage`: the extended key usage.
bool fill_leaf(X509* leaf, const Signer& signer, EVP_PKEY* key, const char* usage) {
  X509* issuer = signer.certificate.get();
  return X509_set_version(leaf, X509_VERSION_3) == 1 && set_serial(leaf) &&
         X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
         X509_set_pubkey(leaf, key) == 1 &&
         add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(leaf, issuer, NID_ext_key_usage, usage) &&
         add_extension(leaf, issuer, NID_authority_key_identifier, "keyid");
}

Validity validity_below(const Signer& signer, WallTime now, std::chrono::seconds life) {
  const WallTime ca_end = to_wall(X509_get0_notAfter(signer.certificate.get()));
  return {now - kCertificateBackdate, std::min(now + life, ca_end)};
}

Validity leaf_validity(const Signer& signer, WallTime now, std::chrono::seconds life) {
  return validity_below(
      signer, now,
      std::min<std::chrono::seconds>(life, kNodeCertificateLife - kCertificateBackdate));
}

Result<std::string> signed_pem(X509* leaf, const Signer& signer) {
  if (X509_sign(leaf, signer.key.get(), digest_for(signer.key.get())) <= 0) {
    return fail(Code::kInternal, "cannot sign a certificate: " + openssl_error());
  }
  return to_pem(leaf);
}

// ---- alternative names -----------------------------------------------------------------------

bool dns_name_valid(const std::string& name) {
  if (name.empty() || name.size() > kDnsNameBytesMax || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '*' || c == '_';
  });
}

Result<void> add_dns(GENERAL_NAMES* names, const std::string& dns) {
  if (!dns_name_valid(dns)) return fail(Code::kMalformed, "\"" + dns + "\" is not a DNS name");
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  sk_GENERAL_NAME_push(names, name);
  return {};
}

Result<void> add_ip(GENERAL_NAMES* names, const std::string& ip) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(ip.c_str());
  if (address == nullptr) {
    ERR_clear_error();
    return fail(Code::kMalformed, "\"" + ip + "\" is not an IP address");
  }
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_IPADD, address);
  sk_GENERAL_NAME_push(names, name);
  return {};
}

// Built piece by piece, never from text that OpenSSL would parse: a comma in a name adds no name.
Result<void> add_names(X509* leaf,
                       const std::vector<std::string>& dns_names,
                       const std::vector<std::string>& ip_addresses) {
  if (dns_names.empty() && ip_addresses.empty()) {
    return fail(Code::kMalformed, "a server certificate needs at least one name or address");
  }
  const std::unique_ptr<GENERAL_NAMES, Free> names(GENERAL_NAMES_new());
  for (const std::string& dns : dns_names) {
    if (const Result<void> added = add_dns(names.get(), dns); !added) return fail(added.error());
  }
  for (const std::string& ip : ip_addresses) {
    if (const Result<void> added = add_ip(names.get(), ip); !added) return fail(added.error());
  }
  if (X509_add1_ext_i2d(leaf, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return fail(Code::kInternal, "cannot add the names of a certificate: " + openssl_error());
  }
  return {};
}

}  // namespace

Result<Authority> make_authority(const std::string& common_name, WallTime now) {
  const Result<std::string> key_pem = make_key();
  if (!key_pem) return fail(key_pem.error());
  const Result<KeyPtr> key = key_from_pem(*key_pem);
  if (!key) return fail(key.error());
  const X509Ptr root(X509_new());
  X509* self = root.get();
  const bool made =
      X509_set_version(self, X509_VERSION_3) == 1 && set_serial(self) &&
      set_validity(self, {now - kCertificateBackdate, now + kAuthorityLife}) &&
      add_text(X509_get_subject_name(self), NID_commonName, common_name) &&
      X509_set_issuer_name(self, X509_get_subject_name(self)) == 1 &&
      X509_set_pubkey(self, key->get()) == 1 &&
      add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature") &&
      add_extension(self, self, NID_subject_key_identifier, "hash") &&
      X509_sign(self, key->get(), EVP_sha256()) > 0;
  if (!made) return fail(Code::kInternal, "cannot make a root certificate: " + openssl_error());
  return Authority{to_pem(self), *key_pem};
}

Result<void> check_authority(const Authority& authority, WallTime now) {
  const auto chain = certificates_from_pem(authority.certificate_pem);
  if (!chain) return fail(chain.error());
  if (const auto matches = check_key_matches(authority.key_pem, authority.certificate_pem);
      !matches) {
    return fail(matches.error());
  }
  X509* certificate = chain->front().get();
  if (const auto strong = check_strength(X509_get0_pubkey(certificate)); !strong) {
    return fail(strong.error());
  }
  const CertificateInfo info = info_of(certificate);
  if (!info.is_ca) return fail(Code::kForbidden, "its certificate is not one of a CA");
  if (now >= info.not_after) {
    return fail(Code::kGone, "its certificate expired at " + to_text(info.not_after));
  }
  return {};
}

Result<std::string> issue_node_certificate(const Authority& authority, const NodeOrder& order) {
  SKERRY_ASSERT(!order.node.empty(), "a certificate for no node");
  if (const auto good = parse_request(order.request_pem); !good) return fail(good.error());
  const Result<Signer> signer = signer_of(authority, order.now);
  if (!signer) return fail(signer.error());
  const Result<X509ReqPtr> request = request_from_pem(order.request_pem);
  SKERRY_ASSERT(request, "a request that was just parsed");
  const X509Ptr leaf(X509_new());
  X509_NAME* subject = X509_get_subject_name(leaf.get());
  const bool filled =
      add_text(subject, NID_organizationName, "system:nodes") &&
      add_text(subject, NID_commonName, "system:node:" + order.node.str()) &&
      set_validity(leaf.get(), leaf_validity(*signer, order.now, order.life)) &&
      fill_leaf(leaf.get(), *signer, X509_REQ_get0_pubkey(request->get()), "clientAuth");
  if (!filled) return fail(Code::kInternal, "cannot make a certificate: " + openssl_error());
  return signed_pem(leaf.get(), *signer);
}

Result<std::string> issue_server_certificate(const Authority& authority, const ServerOrder& order) {
  const Result<Signer> signer = signer_of(authority, order.now);
  if (!signer) return fail(signer.error());
  const Result<KeyPtr> key = key_from_pem(order.key_pem);
  if (!key) return fail(key.error());
  const X509Ptr leaf(X509_new());
  const bool filled =
      add_text(X509_get_subject_name(leaf.get()), NID_commonName, "skerry-cloudhub") &&
      set_validity(leaf.get(), leaf_validity(*signer, order.now, order.life)) &&
      fill_leaf(leaf.get(), *signer, key->get(), "serverAuth");
  if (!filled) return fail(Code::kInternal, "cannot make a certificate: " + openssl_error());
  if (const auto named = add_names(leaf.get(), order.dns_names, order.ip_addresses); !named) {
    return fail(named.error());
  }
  return signed_pem(leaf.get(), *signer);
}

Result<std::string> issue_certificate(const Authority& authority, const CertificateOrder& order) {
  if (const auto good = parse_request(order.request_pem); !good) return fail(good.error());
  const Result<Signer> signer = signer_of(authority, order.now);
  if (!signer) return fail(signer.error());
  const Result<X509ReqPtr> request = request_from_pem(order.request_pem);
  SKERRY_ASSERT(request, "a request that was just parsed");
  const X509Ptr leaf(X509_new());
  X509_NAME* subject = X509_get_subject_name(leaf.get());
  bool filled = true;
  for (const std::string& organisation : order.organisations) {
    filled = filled && add_text(subject, NID_organizationName, organisation);
  }
  filled = filled && add_text(subject, NID_commonName, order.common_name) &&
           set_validity(leaf.get(), validity_below(*signer, order.now, order.life)) &&
           fill_leaf(leaf.get(), *signer, X509_REQ_get0_pubkey(request->get()),
                     order.server ? "serverAuth" : "clientAuth");
  if (!filled) return fail(Code::kInternal, "cannot make a certificate: " + openssl_error());
  if (order.server) {
    const auto named = add_names(leaf.get(), order.dns_names, order.ip_addresses);
    if (!named) return fail(named.error());
  }
  return signed_pem(leaf.get(), *signer);
}

}  // namespace skerry::tls
