#include "common/async/wakeup.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

namespace skerry::async {

namespace asio = boost::asio;

struct Wakeup::State {
  explicit State(const Executor& e) : executor(e) {}
  Executor executor;
  std::vector<asio::steady_timer*> waiting;  // one per coroutine, in its own frame
  bool notified = false;
};

Wakeup::Wakeup(Executor executor) : state_(std::make_shared<State>(executor)) {}

Wakeup::~Wakeup() {
  for (asio::steady_timer* timer : state_->waiting) timer->cancel();
}

void Wakeup::notify() {
  state_->notified = true;
  for (asio::steady_timer* timer : state_->waiting) timer->cancel();
}

Task<bool> Wakeup::wait_until(TimePoint deadline) {
  const std::shared_ptr<State> state = state_;  // the frame's own: *this may be gone on return
  if (!state->notified) {
    asio::steady_timer timer(state->executor, deadline);
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
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace skerry::async
