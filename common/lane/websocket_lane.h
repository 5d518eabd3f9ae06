// A lane over a websocket in TLS 1.3, subprotocol skerry.lane.v1, one lane frame a binary message.
// Source: design.md section 4.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/lane/lane.h"
#include "common/net/socket.h"
#include "common/tls/context.h"

namespace skerry::lane {

inline constexpr std::size_t kHttpHeaderBytesMax = 8 * kKiB;

using LaneResult = Result<std::unique_ptr<Lane>>;

/// The hub's side: TLS, then the upgrade. The lane lives on the executor of the calling coroutine.
/// See Lane::peer() for who came: nobody (no certificate), an expired node, or a node.
/// Errors: kUnauthorized (a certificate that is refused), kMalformed, kUnsupported (not a lane),
/// kUnavailable (the peer left), kTimeout.
async::Task<LaneResult> accept_websocket(net::Incoming incoming,
                                         std::shared_ptr<const tls::ServerContext> context,
                                         WallTime now,
                                         TimePoint deadline);

struct Dial {
  std::string host;  // name or IP address; the hub's certificate must have it
  std::uint16_t port = kDefaultHubPort;
  std::shared_ptr<const tls::ClientContext> context;
  WallTime now{};  // the clock or the store's time floor, for the hub's certificate
};

/// The node's side. Errors, each one line that says what to do: kNotFound (name), kUnavailable
/// (refused, unreachable, HTTP 5xx), kUnauthorized (either side refuses the other's certificate),
/// kUnsupported (something else answers there), kTimeout. A refusal by the hub may also come from
/// the first read().
async::Task<LaneResult> connect_websocket(Dial dial, TimePoint deadline);

}  // namespace skerry::lane
