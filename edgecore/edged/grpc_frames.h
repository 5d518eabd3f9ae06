// The bytes of gRPC's unary calls, without the connection: message prefix, status trailers,
// timeouts. Everything that comes in is checked here before it is believed. Pure. Source:
// grpc/doc/PROTOCOL-HTTP2.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edged {

/// Prefix (compressed flag 0, length) and message.
std::string encode_grpc_message(std::string_view message);

/// grpc-timeout: at most 8 digits and a unit.
std::string encode_grpc_timeout(Duration left);

/// Collects one reply: headers, DATA bytes and trailers of one stream. Owner: one call.
/// Limit: a message of `message_bytes_max`, checked at its prefix, before memory is taken.
class GrpcReply {
 public:
  explicit GrpcReply(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  /// Names as HTTP/2 sends them, in lower case; unknown ones are ignored.
  void on_header(std::string_view name, std::string_view value);
  /// False: the stream breaks the rules or a limit; reset it and ask finish() why.
  [[nodiscard]] bool on_data(std::string_view bytes);
  /// The stream is over. The message, or the runtime's error, or what was wrong with the reply.
  Result<std::string> finish(std::string_view method) &&;

 private:
  static constexpr std::size_t kPrefixBytes = 5;

  std::size_t message_bytes_max_;
  std::string prefix_;
  std::string message_;
  std::optional<std::size_t> message_bytes_;
  std::optional<int> http_status_;
  std::optional<int> grpc_status_;
  std::string grpc_message_;
  std::optional<Error> broken_;
};

/// What a gRPC status code (1..16) means for us. Unknown codes: kInternal.
Code code_of_grpc_status(int status);

}  // namespace skerry::edged
