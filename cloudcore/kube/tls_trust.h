// The certificates of one connection to the API server, parsed once and shared by every connection.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "cloudcore/kube/client_config.h"

namespace skerry::kube {

/// Immutable but for last_failure(). Thread: any (OpenSSL counts the references).
class TlsTrust {
 public:
  /// `host`: what the server's certificate must name. Errors: kMalformed (names the field).
  static Result<std::shared_ptr<TlsTrust>> load(const ClientConfig& config, std::string host);
  /// Makes `context` a client of this server. *this outlives the context's connections.
  void apply(SSL_CTX* context);
  /// Why the last verification of the server's certificate failed; empty: it did not.
  std::string last_failure() const;

 private:
  template <auto Free>
  struct Freer {
    template <class T>
    void operator()(T* thing) const {
      Free(thing);
    }
  };
  using Certificate = std::unique_ptr<X509, Freer<X509_free>>;

  static Result<std::vector<Certificate>> read_certificates(const std::string& pem,
                                                            const char* field);
  static int verify(X509_STORE_CTX* chain, void* self);

  std::string host_;
  std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> roots_;  // null: the system's
  std::vector<Certificate> own_chain_;                         // the client certificate first
  std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key_;
  std::atomic<int> last_failure_{X509_V_OK};
};

}  // namespace skerry::kube
