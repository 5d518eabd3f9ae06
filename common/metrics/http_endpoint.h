// A tiny HTTP server for /metrics, /healthz, /readyz, and for edgecore's local socket; and the
// client that the commands use on that socket. Never meant for the open network: GET only, no TLS.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/metrics/http_request.h"
#include "common/metrics/registry.h"

namespace skerry::metrics {

inline constexpr std::size_t kLocalReplyBytesMax = 64 * kMiB;

struct HttpLimits {
  std::size_t connections = 16;  // one more is answered 503 and closed
  Duration deadline = 5s;        // to send the request's head; to take 64 KiB of the reply
};

/// By exact path; anything else is 404 and the list of paths.
using HttpRoutes = std::map<std::string, HttpHandler>;

/// Owner: App. Thread: the executor's loop only. Limits: above. A handler has its own deadline.
/// stop() is awaited before destruction.
class HttpEndpoint {
 public:
  HttpEndpoint(async::Executor executor, HttpRoutes routes, HttpLimits limits = {});
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  /// "127.0.0.1:9091", "[::1]:0"; IP addresses only. Answers the port in use.
  Result<std::uint16_t> listen_tcp(const std::string& address);
  /// A socket of mode 0600; a stale one of that path is replaced. Errors: kStorage, kTooLarge (path
  /// of more than 107 bytes).
  Result<void> listen_unix(const std::string& path);

  /// Closes listeners and connections and waits for their handlers.
  async::Task<void> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Adds /metrics, /healthz and /readyz. `ready` is asked on the endpoint's loop: an error is
/// answered as 503 with its text. `registry` and what `ready` uses outlive the endpoint.
void add_health_routes(HttpRoutes& routes,
                       const Registry& registry,
                       std::function<Result<void>()> ready);

/// GET `target` from the server on the unix socket `path`. Errors: kUnavailable (nobody listens
/// there), kTimeout, kTooLarge, and what the server answered.
async::Task<Result<std::string>> http_get_unix(std::string path,
                                               std::string target,
                                               TimePoint deadline);

}  // namespace skerry::metrics
