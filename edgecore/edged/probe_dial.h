// Sockets of tcpSocket and httpGet probes: connect, TLS without verification, read up to a limit.
// The file that sees Asio's sockets and OpenSSL; SIGPIPE must be ignored in the process.
#pragma once

#include <functional>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edged {

/// Not an aggregate: g++ 12 frees one twice that is made by braces inside a co_await expression.
struct DialTarget {
  DialTarget(std::string where, std::uint16_t number, bool with_tls)
      : host(std::move(where)), port(number), tls(with_tls) {}

  std::string host;  // an IP address or "localhost"; names are not resolved
  std::uint16_t port = 0;
  bool tls = false;
};

/// Connects and closes. Errors: kUnavailable, kTimeout, kUnsupported; text as Go's net package says
/// it.
async::Task<Result<void>> dial_tcp(DialTarget target, Duration timeout);

/// Sends `request` and reads until `enough` says true, the peer closes or `limit_bytes` have come.
/// Returns what was read. Errors: as above; kTimeout covers the whole exchange.
using Enough = std::function<bool(const std::string& received)>;
async::Task<Result<std::string>> dial_exchange(DialTarget target,
                                               std::string request,
                                               Enough enough,
                                               std::size_t limit_bytes,
                                               Duration timeout);

}  // namespace skerry::edged
