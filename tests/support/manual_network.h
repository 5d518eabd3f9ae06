// A network that is what the test says.
#pragma once

#include "common/async/wakeup.h"
#include "common/seam/network.h"

namespace skerry::test {

class ManualNetwork final : public seam::Network {
 public:
  explicit ManualNetwork(async::Executor executor) : changed_(std::move(executor)) {}

  void set(seam::NetworkState state) {
    state_ = std::move(state);
    changed_.notify();
  }

  Result<seam::NetworkState> read() override { return state_; }
  async::Task<void> wait_for_change() override {
    if (!closed_) co_await changed_.wait_until(TimePoint::max());
  }
  void close() override {
    closed_ = true;
    changed_.notify();
  }

 private:
  seam::NetworkState state_;
  async::Wakeup changed_;
  bool closed_ = false;
};

}  // namespace skerry::test
