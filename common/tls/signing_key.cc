#include "common/tls/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "common/base/assert.h"
#include "common/tls/openssl.h"

namespace skerry::tls {
namespace {

constexpr std::size_t kCoordinateBytes = 32;
constexpr std::size_t kDerSignatureBytesMax = 80;

struct FreeMore {
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
};

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  const std::unique_ptr<BIGNUM, Free> held(number);
  std::string out(kCoordinateBytes, '\0');
  const int size = BN_bn2binpad(held.get(), reinterpret_cast<unsigned char*>(out.data()),
                                static_cast<int>(kCoordinateBytes));
  return size < 0 ? std::string() : out;
}

bool is_p256(const EVP_PKEY* key) {
  char name[32] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 &&
         std::string_view(name) == "prime256v1";
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Result<SigningKey> SigningKey::from_pem(const std::string& key_pem) {
  Result<KeyPtr> key = key_from_pem(key_pem);
  if (!key) return fail(key.error());
  if (!is_p256(key->get())) return fail(Code::kForbidden, "the key is not an EC key on P-256");
  SigningKey out;
  out.x_ = coordinate(key->get(), OSSL_PKEY_PARAM_EC_PUB_X);
  out.y_ = coordinate(key->get(), OSSL_PKEY_PARAM_EC_PUB_Y);
  out.sha256_ = tls::public_key_sha256(key->get());
  if (out.x_.empty() || out.y_.empty()) {
    return fail(Code::kMalformed, "the key has no public part: " + openssl_error());
  }
  out.key_ = std::shared_ptr<evp_pkey_st>(key->release(), EVP_PKEY_free);
  return out;
}

std::string SigningKey::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, FreeMore> context(EVP_MD_CTX_new());
  unsigned char der[kDerSignatureBytesMax];
  std::size_t size = sizeof der;
  const bool made =
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestSign(context.get(), der, &size, bytes_of(text), text.size()) == 1;
  SKERRY_ASSERT(made, "a P-256 key signs");
  const unsigned char* at = der;
  const std::unique_ptr<ECDSA_SIG, FreeMore> pair(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  SKERRY_ASSERT(pair, "a signature that was just made");
  std::string out(2 * kCoordinateBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes, static_cast<int>(kCoordinateBytes));
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes + kCoordinateBytes,
               static_cast<int>(kCoordinateBytes));
  return out;
}

bool SigningKey::verify(std::string_view text, std::string_view signature) const {
  if (signature.size() != 2 * kCoordinateBytes) return false;
  const std::unique_ptr<ECDSA_SIG, FreeMore> pair(ECDSA_SIG_new());
  const int half = static_cast<int>(kCoordinateBytes);
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes_of(signature), half, nullptr),
                 BN_bin2bn(bytes_of(signature) + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const std::unique_ptr<EVP_MD_CTX, FreeMore> context(EVP_MD_CTX_new());
  const bool good =
      size > 0 &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(size), bytes_of(text),
                       text.size()) == 1;
  OPENSSL_free(der);
  ERR_clear_error();
  return good;
}

}  // namespace skerry::tls
