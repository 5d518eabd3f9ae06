#include "tests/sim/sim_link.h"

#include <algorithm>

namespace skerry::sim {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kUnsentMax = 32 * kKiB;  // what a socket with TCP_NOTSENT_LOWAT takes
constexpr std::size_t kObjectsQueuedMax = 64 * kKiB;

}  // namespace

// ---- the cable ----------------------------------------------------------------------------------

void SimLink::write(Side from, std::string bytes) {
  End& end = ends_[index(from)];
  if (cut_ || end.closed) return;  // into a broken socket
  end.pipe += bytes;
  schedule(from);
}

void SimLink::schedule(Side from) {
  End& end = ends_[index(from)];
  if (end.delivering || end.pipe.empty()) return;
  end.delivering = true;
  run_.scheduler.after(run_.latency(), [self = shared_from_this(), from] { self->deliver(from); });
}

void SimLink::deliver(Side from) {
  End& end = ends_[index(from)];
  End& far = ends_[index(other(from))];
  end.delivering = false;
  if (cut_ || far.closed || end.pipe.empty()) return;
  std::size_t count = end.pipe.size();
  if (run_.random.chance(30)) count = 1 + run_.random.below(count);
  bool cut_here = false;
  if (cut_after_ && carried_ + count >= *cut_after_) {
    count = static_cast<std::size_t>(*cut_after_ - carried_);
    cut_here = true;
  }
  carried_ += count;
  const std::string bytes = end.pipe.substr(0, count);
  end.pipe.erase(0, count);
  const auto self = shared_from_this();
  const auto on_bytes = far.hooks.on_bytes;  // copies: a hook may close its own end
  if (!bytes.empty() && on_bytes) on_bytes(bytes);
  if (cut_here) return cut();
  const auto on_room = end.hooks.on_room;
  if (on_room && !end.closed) on_room();
  schedule(from);
}

void SimLink::cut() {
  if (cut_) return;
  cut_ = true;
  ++run_.cuts;
  run_.note("cut", carried_);
  for (const auto& listener : on_cut_) listener();
  if (silent_) return;  // both sides find out by silence
  tell_closed(Side::kEdge);
  tell_closed(Side::kCloud);
}

void SimLink::close(Side side, bool silent) {
  End& end = ends_[index(side)];
  if (end.closed) return;
  end.closed = true;
  end.hooks = {};
  if (!silent && !cut_) tell_closed(other(side));
}

void SimLink::tell_closed(Side side) {
  run_.scheduler.after(run_.latency() + 1ms, [self = shared_from_this(), side] {
    End& end = self->ends_[index(side)];
    if (end.closed) return;
    const std::function<void()> on_closed = end.hooks.on_closed;
    if (on_closed) on_closed();
  });
}

// ---- frames and messages ------------------------------------------------------------------------

bool Wire::pump(const std::function<std::optional<lane::Message>(bool)>& next) {
  bool any = false;
  while (true) {
    while (mux_.has_frame() && link_->unsent(side_) < kUnsentMax) {
      const std::string frame = *mux_.next_frame();
      std::string bytes(kLengthBytes, '\0');
      for (std::size_t i = 0; i < kLengthBytes; ++i) {
        bytes[i] = static_cast<char>(frame.size() >> (8 * (kLengthBytes - 1 - i)));
      }
      link_->write(side_, bytes + frame);
    }
    std::optional<lane::Message> message =
        next(mux_.queued_bytes(lane::Class::kObjects) < kObjectsQueuedMax);
    if (!message) return any;
    any = true;
    const Result<void> sent = mux_.send(lane::class_of(*message), lane::encode(*message));
    if (!sent) return any;
  }
}

Result<std::vector<lane::Message>> Wire::receive(std::string_view bytes) {
  buffer_ += bytes;
  std::vector<lane::Message> messages;
  while (buffer_.size() >= kLengthBytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      length = length << 8 | static_cast<std::uint8_t>(buffer_[i]);
    }
    if (buffer_.size() < kLengthBytes + length) break;
    const std::string frame = buffer_.substr(kLengthBytes, length);
    buffer_.erase(0, kLengthBytes + length);
    Result<std::optional<std::string>> whole = mux_.receive(frame);
    if (!whole) return fail(whole.error());
    if (!*whole) continue;
    Result<lane::Message> message = lane::decode(**whole);
    if (!message) return fail(message.error());
    messages.push_back(std::move(*message));
  }
  return messages;
}

std::uint64_t trace_number(const lane::Message& message) {
  if (const auto* upsert = std::get_if<lane::Upsert>(&message)) return upsert->seq.value();
  if (const auto* remove = std::get_if<lane::Remove>(&message)) return remove->seq.value();
  if (const auto* report = std::get_if<lane::Report>(&message)) return report->seq.value();
  if (const auto* ack = std::get_if<lane::Ack>(&message)) return ack->seq.value();
  return 0;
}

}  // namespace skerry::sim
