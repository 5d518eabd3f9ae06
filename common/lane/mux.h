// Many messages on one connection: four classes by priority, each with its own window. Pure: whole
// messages and frames in and out, no I/O, no clock.
//
// Frame: one header byte, then the chunk. Bits 0-2 of the header: class; 0x08: last chunk of its
// message; 0x10: window update (then four bytes follow, big-endian: bytes granted). Other bits are
// 0.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/units.h"
#include "common/lane/message.h"

namespace skerry::lane {

inline constexpr std::size_t kClasses = static_cast<std::size_t>(Class::kCount);

/// Leaves room for the websocket header, so that a full frame is one TLS record of 16 KiB.
inline constexpr std::size_t kChunkBytesMax = kFrameBytesMax - 16;

/// Bytes of one class that may be on their way; part of protocol version 1, the same on both sides.
/// At least two chunks each, see Mux::sendable.
inline constexpr std::array<std::size_t, kClasses> kWindowBytes = {64 * kKiB, 256 * kKiB,
                                                                   128 * kKiB, 256 * kKiB};

struct MuxLimits {
  std::size_t message_bytes_max = kMessageBytesMax;  // kJoinBytesMax before the certificate
  std::size_t queue_bytes_max = 16 * kMiB;           // not yet framed, all classes
};

/// Owner: the session. Thread: its loop. After an error of receive() the lane must be closed.
class Mux {
 public:
  explicit Mux(MuxLimits limits = {});

  /// Queues a whole message; it leaves through next_frame().
  /// Errors: kTooLarge (message_bytes_max), kThrottled (queue_bytes_max: ask queued_bytes() first).
  Result<void> send(Class cls, std::string message);

  /// True when next_frame() has one: window updates first, then the best class that has both a
  /// message and window.
  bool has_frame() const;
  std::optional<std::string> next_frame();

  /// A message when this frame completes one.
  /// Errors: kMalformed (a frame that breaks the rules), kTooLarge (frame or message).
  Result<std::optional<std::string>> receive(std::string_view frame);

  std::size_t queued_bytes(Class cls) const;
  std::size_t queued_bytes() const;

 private:
  struct Outgoing {
    std::list<std::string> messages;  // a list: a class without messages holds no memory
    std::size_t offset = 0;  // of the first message: sent already
    std::size_t queued = 0;
    std::size_t window = 0;  // bytes that may still be sent
  };
  struct Incoming {
    std::string partial;
    std::size_t window = 0;    // bytes that the peer may still send
    std::size_t consumed = 0;  // taken, not yet granted again
  };

  bool sendable(const Outgoing& out) const;
  std::string take_grant(std::size_t cls);
  std::string take_chunk(std::size_t cls);
  Result<void> on_grant(Outgoing& out, std::size_t window_max, std::string_view payload);
  Result<std::optional<std::string>> on_chunk(std::size_t cls, bool last, std::string_view chunk);

  MuxLimits limits_;
  std::array<Outgoing, kClasses> outgoing_;
  std::array<Incoming, kClasses> incoming_;
};

}  // namespace skerry::lane
