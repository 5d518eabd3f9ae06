#include "common/async/wakeup.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace skerry::async {

namespace asio = boost::asio;

struct Wakeup::State {
  explicit State(const Executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  bool notified = false;
  int waiting = 0;
};

Wakeup::Wakeup(Executor executor) : state_(std::make_shared<State>(executor)) {}

Wakeup::~Wakeup() { state_->timer.cancel(); }

void Wakeup::notify() {
  state_->notified = true;
  if (state_->waiting > 0) state_->timer.cancel();
}

Task<bool> Wakeup::wait_until(TimePoint deadline) {
  const std::shared_ptr<State> state = state_;  // the frame's own: *this may be gone on return
  if (!state->notified) {
    ++state->waiting;
    state->timer.expires_at(deadline);
    boost::system::error_code ignored;
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    --state->waiting;
  }
  const bool notified = state->notified;
  if (state->waiting == 0) state->notified = false;
  co_return notified;
}

Task<void> sleep_for(Duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace skerry::async
