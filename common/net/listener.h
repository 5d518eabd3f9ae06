// Takes TCP connections; whoever gets one moves it to a shard and makes a lane of it there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/net/socket.h"

namespace skerry::net {

/// Owner: cloudhub. Thread: its executor's loop.
class Listener {
 public:
  /// `address`: an IP address, "0.0.0.0" or "::" for all. Port 0: any free one, see port().
  /// Errors: kMalformed (address), kConflict (in use), kForbidden (a port below 1024).
  static Result<std::unique_ptr<Listener>> open(async::Executor executor,
                                                const std::string& address,
                                                std::uint16_t port);
  ~Listener();

  /// One at a time. Errors: kTimeout, kCancelled (closed), kUnavailable (no file descriptors left:
  /// wait a little and call again).
  async::Task<Result<Incoming>> accept(TimePoint deadline);
  std::uint16_t port() const;
  void close();

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  static async::Task<Result<Incoming>> accept_one(std::shared_ptr<State> state, TimePoint deadline);
  std::shared_ptr<State> state_;
};

}  // namespace skerry::net
