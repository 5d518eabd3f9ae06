// Who may do what in the standalone API: all parts of it, joined to the API.
//
// A request goes: authenticate (certificate, token, impersonation) -> authorise (masters, nodes,
// roles) -> admission (what a node, a granter of rights, a new pod may set).
//
// Owner: Standalone. Thread: the API's loop.
#pragma once

#include <memory>

#include "cloudcore/standalone/access/authenticator.h"
#include "cloudcore/standalone/access/reviews.h"

namespace skerry::standalone {

/// What a token names as its issuer and, unless it was asked otherwise, as its audience.
inline constexpr const char* kTokenIssuer = "https://kubernetes.default.svc.cluster.local";

class Access {
 public:
  struct Parts {
    Api& api;
    ObjectStore& store;
    seam::World world;
    tls::SigningKey token_key;
    std::string address;  // host:port where clients find the API, for the discovery of its keys
  };
  /// `store` is loaded.
  explicit Access(Parts parts);

  Answer<User> authenticate(const Credentials& credentials) const {
    return authenticator_.authenticate(credentials);
  }
  /// What the API is asked; OpenID discovery is answered here, for whoever checks tokens without
  /// asking the API.
  async::Task<ApiResponse> handle(std::shared_ptr<const ApiRequest> request);

  const ServiceAccountTokens& tokens() const { return tokens_; }
  const Authorizer& authorizer() const { return authorizer_; }

 private:
  void join();
  const std::string* document(const std::string& path) const;

  Api& api_;
  ObjectStore& store_;
  seam::World world_;
  ServiceAccountTokens tokens_;
  Authorizer authorizer_;
  Authenticator authenticator_;
  Reviews reviews_;
  std::string discovery_;  // /.well-known/openid-configuration
  std::string keys_;       // /openid/v1/jwks
};

}  // namespace skerry::standalone
