// The HttpClient on cpprestsdk. Nothing else in the program sees that library or its threads.
#pragma once

#include <memory>

#include "cloudcore/kube/client_config.h"
#include "cloudcore/kube/http_client.h"
#include "common/seam/world.h"

namespace skerry::kube {

/// Threads: cpprest's pool of two only posts to `executor`, which must outlive the end of stop().
/// TLS 1.2 or later; trusts config.ca_pem alone when it is given. Redirects are not followed.
/// Errors: kMalformed (server URL, certificate or key), kUnsupported (http:// to another host).
Result<std::shared_ptr<HttpClient>> make_cpprest_http(const ClientConfig& config,
                                                      async::Executor executor,
                                                      seam::World world);

}  // namespace skerry::kube
