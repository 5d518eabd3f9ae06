#include "common/async/wakeup.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <vector>

namespace skerry::async {

namespace asio = boost::asio;

namespace {

TimePoint (*virtual_now)() = nullptr;

/// The clock of all waits.
struct WaitClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = TimePoint;
  static constexpr bool is_steady = true;
  static time_point now() {
    return virtual_now == nullptr ? std::chrono::steady_clock::now() : virtual_now();
  }
};

/// How long the loop may sleep. Virtual time moves without it: then it looks at each poll.
struct WaitTraits {
  static Duration to_wait_duration(Duration left) {
    return virtual_now == nullptr ? left : Duration::zero();
  }
  static Duration to_wait_duration(TimePoint until) {
    return to_wait_duration(until - WaitClock::now());
  }
};

using Timer = asio::basic_waitable_timer<WaitClock, WaitTraits>;

}  // namespace

struct Wakeup::State {
  explicit State(const Executor& e) : executor(e) {}
  Executor executor;
  std::vector<Timer*> waiting;  // one per coroutine, in its own frame
  bool notified = false;
};

Wakeup::Wakeup(Executor executor) : state_(std::make_shared<State>(executor)) {}

Wakeup::~Wakeup() {
  for (Timer* timer : state_->waiting) timer->cancel();
}

void Wakeup::notify() {
  state_->notified = true;
  for (Timer* timer : state_->waiting) timer->cancel();
}

Task<bool> Wakeup::wait_until(TimePoint deadline) {
  const std::shared_ptr<State> state = state_;  // the frame's own: *this may be gone on return
  if (!state->notified) {
    Timer timer(state->executor, deadline);
    state->waiting.push_back(&timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    std::erase(state->waiting, &timer);
  }
  const bool notified = state->notified;
  if (state->waiting.empty()) state->notified = false;
  co_return notified;
}

Task<void> sleep_for(Duration duration) {
  Timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void set_wait_clock(TimePoint (*now)()) { virtual_now = now; }

}  // namespace skerry::async
