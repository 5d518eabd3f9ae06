#include "common/net/deadline.h"

#include <boost/asio/steady_timer.hpp>

namespace skerry::net {

struct Deadline::State {
  explicit State(const async::Executor& executor) : timer(executor) {}
  boost::asio::steady_timer timer;
  std::function<void()> expire;
  bool expired = false;
};

Deadline::Deadline(const async::Executor& executor, TimePoint when, std::function<void()> expire)
    : state_(std::make_shared<State>(executor)) {
  if (when == TimePoint::max()) return;
  state_->expire = std::move(expire);
  state_->timer.expires_at(when);
  state_->timer.async_wait([state = state_](const boost::system::error_code& cancelled) {
    // Without `expire` the owner is gone: it was destroyed after this handler had been queued.
    if (cancelled || !state->expire) return;
    state->expired = true;
    state->expire();
  });
}

Deadline::~Deadline() {
  state_->expire = nullptr;
  state_->timer.cancel();
}

bool Deadline::expired() const { return state_->expired; }

}  // namespace skerry::net
