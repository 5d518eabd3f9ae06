// What every namespace has (its default ServiceAccount, the API's root CA), and its end: all that
// is in it goes, then the namespace itself. Source:
// pkg/controller/{namespace,serviceaccount,certificates /rootcacertpublisher}, as behaviour.
#pragma once

#include <memory>
#include <string>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_namespace_controller(ApiClient& client, std::string root_ca_pem);

}  // namespace skerry::standalone
