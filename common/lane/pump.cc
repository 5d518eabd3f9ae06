#include "common/lane/pump.h"

#include <algorithm>

#include "common/async/task_group.h"
#include "common/base/log.h"
#include "common/lane/codec.h"

namespace skerry::lane {
namespace {

// Enough to keep a link busy; little enough that a newer version of an object overtakes an older
// one.
constexpr std::size_t kQueuedBytesWanted = 32 * kKiB;
constexpr auto kWriteDeadlineMin = 5s;

}  // namespace

Pump::Pump(async::Executor executor,
           std::unique_ptr<Lane> lane,
           Endpoint& endpoint,
           seam::Clock& clock,
           MuxLimits limits)
    : executor_(executor),
      lane_(std::move(lane)),
      endpoint_(endpoint),
      clock_(clock),
      mux_(limits),
      wakeup_(executor) {}

async::Task<Error> Pump::run() {
  async::TaskGroup reader(executor_);
  reader.spawn("lane reader", read());
  const Error why = co_await drive();
  lane_->close();
  co_await reader.join();
  co_return why;
}

void Pump::wake() {
  keep_ = endpoint_.act() && keep_;
  wakeup_.notify();
}

async::Task<void> Pump::read() {
  while (!failed_) {
    Result<std::string> frame = co_await lane_->read();
    const Result<void> taken = frame ? take(std::move(*frame)) : fail(frame.error());
    if (!taken) failed_ = taken.error();
    wake();
  }
}

Result<void> Pump::take(std::string frame) {
  const TimePoint now = clock_.now();
  endpoint_.on_received(now);
  auto whole = mux_.receive(frame);
  if (!whole) return fail(whole.error());
  if (!*whole) return {};
  Result<Message> message = decode(**whole);
  if (!message) return fail(message.error());
  endpoint_.on_message(std::move(*message), now);
  return {};
}

async::Task<Error> Pump::drive() {
  while (!failed_) {
    const TimePoint now = clock_.now();
    endpoint_.on_received(lane_->last_received());
    endpoint_.on_time(now);
    keep_ = endpoint_.act() && keep_;
    fill(now);
    if (std::optional<std::string> frame = mux_.next_frame()) {
      const TimePoint deadline =
          std::max(lane_->last_received() + kPeerDeadAfter, now + kWriteDeadlineMin);
      const Result<void> written = co_await lane_->write(std::move(*frame), deadline);
      if (!written) co_return failed_.value_or(written.error());
      continue;
    }
    if (!keep_) co_return Error{Code::kCancelled, "the session ended", {}};
    co_await wakeup_.wait_until(endpoint_.next_deadline());
  }
  co_return *failed_;
}

void Pump::fill(TimePoint now) {
  for (;;) {
    const bool bulk_too = mux_.queued_bytes() < kQueuedBytesWanted;
    std::optional<Message> message = endpoint_.next_message(now, bulk_too);
    if (!message) return;
    const Result<void> queued = mux_.send(class_of(*message), encode(*message));
    if (!queued) {
      log::error("a message cannot be sent", {queued.error()});
      failed_ = queued.error();
      return;
    }
  }
}

}  // namespace skerry::lane
