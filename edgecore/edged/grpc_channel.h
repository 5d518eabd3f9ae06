// Unary gRPC calls over one HTTP/2 connection on a unix socket, on the loop, without threads.
#pragma once

#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/seam/world.h"

namespace skerry::edged {

/// Owner: the CRI client. Thread: the loop. Limits: kCallsMax calls at a time (kThrottled above),
/// one reply of `reply_bytes_max`, a request of the same size.
class GrpcChannel {
 public:
  GrpcChannel(async::Executor executor,
              seam::World world,
              std::string socket_path,
              std::size_t reply_bytes_max);
  ~GrpcChannel();

  static constexpr std::size_t kCallsMax = 512;

  /// `method`: "/runtime.v1.RuntimeService/Version". Connects when there is no connection.
  /// Errors: kUnavailable (nobody listens, connection lost), kTimeout, and GrpcReply::finish().
  async::Task<Result<std::string>> call(std::string method, std::string request, Duration timeout);

  /// Pending calls end with kCancelled; later ones too.
  void close();

 private:
  class Connection;
  Result<std::shared_ptr<Connection>> connection();

  async::Executor executor_;
  seam::World world_;
  std::string socket_path_;
  std::size_t reply_bytes_max_;
  std::shared_ptr<Connection> connection_;
  bool closed_ = false;
};

}  // namespace skerry::edged
