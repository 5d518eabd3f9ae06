// One connection that carries whole frames both ways, whatever is below it (websocket; later QUIC).
#pragma once

#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::lane {

/// Who the peer proved to be, from its certificate alone.
struct PeerIdentity {
  std::string common_name;  // "system:node:gateway-7"; empty: no certificate
  std::string serial_hex;
  bool expired = false;  // then it may only renew
  WallTime not_before{};
  WallTime not_after{};
};

/// Owner: the session. Thread: its loop. At most one read and one write at a time; each ends with
/// an error once closed. Limits: a frame is at most kFrameBytesMax both ways.
class Lane {
 public:
  virtual ~Lane() = default;
  virtual async::Task<Result<std::string>> read() = 0;
  /// Errors: kTimeout when the bytes are not taken in time.
  virtual async::Task<Result<void>> write(std::string frame, TimePoint deadline) = 0;
  /// Ends both directions at once; a pending read or write returns kCancelled. May be repeated.
  virtual void close() = 0;
  /// When the socket last gave a byte, also inside a frame.
  virtual TimePoint last_received() const = 0;
  virtual const PeerIdentity& peer() const = 0;
  virtual const std::string& remote_address() const = 0;
  /// This end's, without its port, as inet_ntop writes it: "10.0.0.7", "fd00::7".
  virtual const std::string& local_address() const = 0;
};

}  // namespace skerry::lane
