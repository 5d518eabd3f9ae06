#include "common/tls/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "common/base/assert.h"

namespace skerry::tls {
namespace {

// An encrypted key must not make the daemon ask a terminal for its passphrase.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<BioPtr> reader_of(const std::string& pem) {
  if (pem.size() > kPemBytesMax) return fail(Code::kTooLarge, "PEM text is over 256 KiB");
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string bytes_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::chrono::sys_seconds seconds_of(const std::tm& tm) {
  using namespace std::chrono;
  const sys_days day = year(tm.tm_year + 1900) / month(static_cast<unsigned>(tm.tm_mon + 1)) /
                       std::chrono::day(static_cast<unsigned>(tm.tm_mday));
  return day + hours(tm.tm_hour) + minutes(tm.tm_min) + seconds(tm.tm_sec);
}

}  // namespace

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

Result<KeyPtr> key_from_pem(const std::string& pem) {
  const Result<BioPtr> bio = reader_of(pem);
  if (!bio) return fail(bio.error());
  KeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    ERR_clear_error();
    return fail(Code::kMalformed, "not an unencrypted private key in PEM form");
  }
  return key;
}

Result<std::vector<X509Ptr>> certificates_from_pem(const std::string& pem) {
  const Result<BioPtr> bio = reader_of(pem);
  if (!bio) return fail(bio.error());
  std::vector<X509Ptr> out;
  while (X509* certificate = PEM_read_bio_X509(bio->get(), nullptr, no_passphrase, nullptr)) {
    out.emplace_back(certificate);
  }
  // The end of the text is reported as "no start line"; anything else is a damaged certificate.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (out.empty() || !ended) return fail(Code::kMalformed, "not a certificate in PEM form");
  return out;
}

Result<X509ReqPtr> request_from_pem(const std::string& pem) {
  const Result<BioPtr> bio = reader_of(pem);
  if (!bio) return fail(bio.error());
  X509ReqPtr request(PEM_read_bio_X509_REQ(bio->get(), nullptr, no_passphrase, nullptr));
  if (!request) {
    ERR_clear_error();
    return fail(Code::kMalformed, "not a certificate request in PEM form");
  }
  return request;
}

std::string to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  SKERRY_ASSERT(PEM_write_bio_X509(bio.get(), certificate) == 1, "no memory for PEM");
  return bytes_of(bio.get());
}

Sha256 der_sha256(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  SKERRY_ASSERT(size > 0, "a certificate without DER form");
  const Sha256 out = sha256({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return out;
}

Sha256 public_key_sha256(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  SKERRY_ASSERT(size > 0, "a public key without DER form");
  const Sha256 out = sha256({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return out;
}

std::string text_of(const X509_NAME* name, int nid) {
  const std::vector<std::string> all = texts_of(name, nid);
  return all.empty() ? std::string() : all.front();
}

std::vector<std::string> texts_of(const X509_NAME* name, int nid) {
  std::vector<std::string> out;
  int position = X509_NAME_get_index_by_NID(name, nid, -1);
  for (; position >= 0; position = X509_NAME_get_index_by_NID(name, nid, position)) {
    const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position));
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, data);
    if (size < 0) continue;
    out.emplace_back(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
  }
  return out;
}

bool add_text(X509_NAME* name, int nid, const std::string& text) {
  return X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

WallTime to_wall(const ASN1_TIME* time) {
  std::tm tm{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &tm) != 1) return WallTime{};
  constexpr auto kLatest = std::chrono::floor<std::chrono::seconds>(WallTime::max());
  const auto bounded = std::clamp(seconds_of(tm), std::chrono::sys_seconds{}, kLatest);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(bounded.time_since_epoch()));
}

std::unique_ptr<ASN1_TIME, Free> to_asn1(WallTime time) {
  std::string digits = to_text(time);
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  std::unique_ptr<ASN1_TIME, Free> out(ASN1_TIME_new());
  const int set = ASN1_TIME_set_string_X509(out.get(), (digits + "Z").c_str());
  SKERRY_ASSERT(set == 1, "a time beyond X.509");
  return out;
}

std::string to_text(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::seconds> clock(seconds - day);
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out;
}

Result<void> check_strength(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  const int type = EVP_PKEY_get_base_id(key);
  const bool good = (type == EVP_PKEY_RSA && bits >= 2048 && bits <= 4096) ||
                    (type == EVP_PKEY_EC && bits >= 256) || type == EVP_PKEY_ED25519;
  if (good) return {};
  return fail(Code::kForbidden, "a key of this kind (" + std::to_string(bits) +
                                    " bits) is refused: use EC P-256 or RSA of 2048 to 4096 bits");
}

}  // namespace skerry::tls
