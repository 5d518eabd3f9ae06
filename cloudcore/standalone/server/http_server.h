// HTTP/1.1 over TLS 1.3 for the standalone API: connections, requests under limits, answers,
// watches as chunked streams. Knows nothing of Kubernetes but how its requests look as text.
//
// A connection goes: accept -> TLS -> request -> authenticate -> handler -> answer -> next request.
//
// Owner: Standalone. Thread: its loop. Limits: kConnectionsMax, kHttpHeadBytesMax,
// kRequestBodyBytesMax; a request's bytes must come within kRequestDeadline.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cloudcore/standalone/api/request.h"
#include "cloudcore/standalone/server/credentials.h"
#include "common/async/task.h"
#include "common/base/result.h"
#include "common/seam/world.h"
#include "common/tls/context.h"

namespace skerry::standalone {

inline constexpr std::size_t kConnectionsMax = 8192;
inline constexpr std::size_t kHttpHeadBytesMax = 64 * kKiB;
inline constexpr auto kRequestDeadline = 60s;
inline constexpr auto kIdleConnectionDeadline = 5min;

struct HttpParts {
  seam::World world;
  std::shared_ptr<tls::ServerContext> context;
  /// Errors: 401, 403.
  std::function<Answer<User>(const Credentials&)> authenticate;
  std::function<async::Task<ApiResponse>(std::shared_ptr<const ApiRequest>)> handle;
};

class HttpServer {
 public:
  HttpServer(async::Executor executor, HttpParts parts);
  ~HttpServer();

  /// Errors: those of net::Listener::open.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
  async::Task<void> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skerry::standalone
