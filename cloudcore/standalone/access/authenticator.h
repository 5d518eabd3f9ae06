// Who asks: by client certificate, by a ServiceAccount's token, or nobody; and as whom, when he may
// act as another.
//
// Owner: Access. Thread: the API's loop. Source: authentication and impersonation of
// kube-apiserver, as behaviour.
#pragma once

#include "cloudcore/standalone/access/authorizer.h"
#include "cloudcore/standalone/access/service_account_tokens.h"
#include "cloudcore/standalone/server/credentials.h"

namespace skerry::standalone {

class Authenticator {
 public:
  Authenticator(const ServiceAccountTokens& tokens, const Authorizer& authorizer)
      : tokens_(tokens), authorizer_(authorizer) {}

  /// Errors: 401; 403 for an impersonation that is not allowed.
  Answer<User> authenticate(const Credentials& credentials) const;

 private:
  Answer<User> proven(const Credentials& credentials) const;
  Answer<User> impersonated(const User& by, const Credentials& credentials) const;

  const ServiceAccountTokens& tokens_;
  const Authorizer& authorizer_;
};

}  // namespace skerry::standalone
