// Secrets of type kubernetes.io/service-account-token: filled with a token that has no end of its
// own, the API's CA and the namespace; gone with their account.
// Source: the controller serviceaccount-token of kube-controller-manager, as behaviour.
#pragma once

#include <memory>
#include <string>

#include "cloudcore/standalone/access/service_account_tokens.h"
#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

/// `tokens` outlives it.
std::unique_ptr<Controller> make_token_secrets(ApiClient& client,
                                               const ServiceAccountTokens& tokens,
                                               std::string root_ca_pem);

}  // namespace skerry::standalone
