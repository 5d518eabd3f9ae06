#include "common/lane/mux.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::lane {
namespace {

constexpr std::uint8_t kClassMask = 0x07;
constexpr std::uint8_t kLast = 0x08;
constexpr std::uint8_t kGrant = 0x10;
constexpr std::uint8_t kKnownBits = kClassMask | kLast | kGrant;
constexpr std::size_t kGrantBytes = 4;

static_assert(kWindowBytes.size() == kClasses);
static_assert(std::all_of(kWindowBytes.begin(), kWindowBytes.end(), [](std::size_t window) {
  return window >= 2 * kChunkBytesMax;
}));

constexpr std::string_view kClassNames[] = {"control", "objects", "streams", "bulk"};
static_assert(std::size(kClassNames) == kClasses);

// The receiver says it is ready for more when it has taken half: rarely, and before the sender
// stops.
bool grant_due(std::size_t consumed, std::size_t window_max) { return consumed >= window_max / 2; }

}  // namespace

Mux::Mux(MuxLimits limits) : limits_(limits) {
  for (std::size_t cls = 0; cls < kClasses; ++cls) {
    outgoing_[cls].window = kWindowBytes[cls];
    incoming_[cls].window = kWindowBytes[cls];
  }
}

// ---- out -------------------------------------------------------------------------------------

Result<void> Mux::send(Class cls, std::string message) {
  SKERRY_ASSERT(cls < Class::kCount, "a message without a class");
  SKERRY_ASSERT(!message.empty(), "an empty lane message");
  if (message.size() > limits_.message_bytes_max) {
    return fail(Code::kTooLarge, "lane message of " + std::to_string(message.size()) +
                                     " bytes, the limit is " +
                                     std::to_string(limits_.message_bytes_max));
  }
  if (queued_bytes() + message.size() > limits_.queue_bytes_max) {
    return fail(Code::kThrottled, "the lane's queue is full");
  }
  Outgoing& out = outgoing_[static_cast<std::size_t>(cls)];
  out.queued += message.size();
  out.messages.push_back(std::move(message));
  return {};
}

// Waits for window for a whole chunk instead of sending crumbs. This cannot stop for good: the
// receiver holds back less than half a window, and half a window is at least one chunk.
bool Mux::sendable(const Outgoing& out) const {
  if (out.messages.empty()) return false;
  const std::size_t left = out.messages.front().size() - out.offset;
  return out.window >= std::min(left, kChunkBytesMax);
}

bool Mux::has_frame() const {
  for (std::size_t cls = 0; cls < kClasses; ++cls) {
    if (grant_due(incoming_[cls].consumed, kWindowBytes[cls]) || sendable(outgoing_[cls]))
      return true;
  }
  return false;
}

std::optional<std::string> Mux::next_frame() {
  for (std::size_t cls = 0; cls < kClasses; ++cls) {
    if (grant_due(incoming_[cls].consumed, kWindowBytes[cls])) return take_grant(cls);
  }
  for (std::size_t cls = 0; cls < kClasses; ++cls) {
    if (sendable(outgoing_[cls])) return take_chunk(cls);
  }
  return std::nullopt;
}

std::string Mux::take_grant(std::size_t cls) {
  Incoming& in = incoming_[cls];
  std::string frame(1, static_cast<char>(kGrant | cls));
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame += static_cast<char>(in.consumed >> shift & 0xff);
  }
  in.window += in.consumed;
  in.consumed = 0;
  SKERRY_ASSERT(in.window <= kWindowBytes[cls], "granted more than the window");
  return frame;
}

std::string Mux::take_chunk(std::size_t cls) {
  Outgoing& out = outgoing_[cls];
  const std::string& message = out.messages.front();
  const std::size_t size = std::min(message.size() - out.offset, kChunkBytesMax);
  const bool last = out.offset + size == message.size();
  std::string frame;
  frame.reserve(1 + size);
  frame += static_cast<char>(cls | (last ? kLast : 0));
  frame.append(message, out.offset, size);
  SKERRY_ASSERT(size <= out.window && size <= out.queued, "sent more than the window or the queue");
  out.window -= size;
  out.queued -= size;
  out.offset += size;
  if (last) {
    out.messages.pop_front();
    out.offset = 0;
  }
  return frame;
}

std::size_t Mux::queued_bytes(Class cls) const {
  return outgoing_[static_cast<std::size_t>(cls)].queued;
}

std::size_t Mux::queued_bytes() const {
  std::size_t sum = 0;
  for (const Outgoing& out : outgoing_) sum += out.queued;
  return sum;
}

// ---- in --------------------------------------------------------------------------------------

Result<std::optional<std::string>> Mux::receive(std::string_view frame) {
  if (frame.size() > kFrameBytesMax) {
    return fail(Code::kTooLarge, "lane frame of " + std::to_string(frame.size()) + " bytes");
  }
  if (frame.size() < 2) return fail(Code::kMalformed, "lane frame without content");
  const auto header = static_cast<std::uint8_t>(frame.front());
  const std::size_t cls = header & kClassMask;
  if ((header & ~kKnownBits) != 0 || cls >= kClasses || (header & kGrant && header & kLast)) {
    return fail(Code::kMalformed,
                "lane frame with the unknown header " + to_hex(frame.substr(0, 1)));
  }
  const std::string_view payload = frame.substr(1);
  if ((header & kGrant) == 0) return on_chunk(cls, (header & kLast) != 0, payload);
  if (const Result<void> granted = on_grant(outgoing_[cls], kWindowBytes[cls], payload); !granted) {
    return fail("lane window of class " + std::string(kClassNames[cls]), granted.error());
  }
  return std::nullopt;
}

Result<void> Mux::on_grant(Outgoing& out, std::size_t window_max, std::string_view payload) {
  if (payload.size() != kGrantBytes) return fail(Code::kMalformed, "update of another length");
  std::size_t granted = 0;
  for (const char byte : payload) granted = granted << 8 | static_cast<std::uint8_t>(byte);
  if (granted == 0 || granted > window_max - out.window) {
    return fail(Code::kMalformed, "update grants bytes that were never sent");
  }
  out.window += granted;
  return {};
}

Result<std::optional<std::string>> Mux::on_chunk(std::size_t cls,
                                                 bool last,
                                                 std::string_view chunk) {
  Incoming& in = incoming_[cls];
  if (chunk.size() > in.window) {
    return fail(Code::kMalformed,
                "more bytes of class " + std::string(kClassNames[cls]) + " than its window allows");
  }
  if (chunk.size() > limits_.message_bytes_max - in.partial.size()) {
    return fail(Code::kTooLarge, "lane message of more than " +
                                     std::to_string(limits_.message_bytes_max) + " bytes");
  }
  in.window -= chunk.size();
  in.consumed += chunk.size();
  in.partial += chunk;
  if (!last) return std::nullopt;
  return std::exchange(in.partial, {});
}

}  // namespace skerry::lane
