// A loop on virtual time: coroutines of the product run on it as they are, and hours pass in
// milliseconds. Nothing here waits; when there is nothing left to do, the clock moves.
#pragma once

#include "common/async/wakeup.h"
// clang-format off
#include <boost/asio/io_context.hpp>
// clang-format on
#include <functional>

#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

namespace skerry::test {

class VirtualLoop {
 public:
  VirtualLoop() {
    current() = &world;
    async::set_wait_clock([] { return current()->now(); });
  }
  VirtualLoop(const VirtualLoop&) = delete;
  VirtualLoop& operator=(const VirtualLoop&) = delete;

  ManualWorld world;

 private:
  struct ClockGuard {
    ~ClockGuard() { async::set_wait_clock(nullptr); }
  };
  ClockGuard guard_;  // outlives the loop and the timers in it

 public:
  boost::asio::io_context io;
  std::function<bool()> busy;        // work is under way on another thread
  std::function<void()> on_advance;  // the clock has moved

  /// Everything that can happen at this moment has happened.
  void settle() {
    do {
      io.restart();
    } while (io.poll() > 0 || (busy && busy()));
  }

  template <class Done>
  bool run_until(Done done, Duration limit) {
    const TimePoint end = world.now() + limit;
    Duration step = kStepMin;
    for (;;) {
      io.restart();
      const bool worked = io.poll() > 0 || (busy && busy());
      if (done()) return true;
      if (worked) {
        step = kStepMin;
        continue;
      }
      if (world.now() >= end) return false;
      world.advance(std::min<Duration>(step, end - world.now()));
      step = std::min<Duration>(step * 2, kStepMax);
      if (on_advance) on_advance();
    }
  }
  void run_for(Duration time) {
    (void)run_until([] { return false; }, time);
  }

  template <class T>
  T run(async::Task<T> task, Duration limit = std::chrono::minutes(10)) {
    std::optional<T> answer;
    const auto on_end = [&answer](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      answer.emplace(std::move(value));
    };
    boost::asio::co_spawn(io, std::move(task), on_end);
    REQUIRE(run_until([&] { return answer.has_value(); }, limit));
    return std::move(*answer);
  }
  void run(async::Task<void> task, Duration limit = std::chrono::minutes(10)) {
    bool ended = false;
    const auto on_end = [&ended](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
      ended = true;
    };
    boost::asio::co_spawn(io, std::move(task), on_end);
    REQUIRE(run_until([&] { return ended; }, limit));
  }

 private:
  static constexpr Duration kStepMin = std::chrono::milliseconds(1);
  static constexpr Duration kStepMax = std::chrono::milliseconds(500);
  static ManualWorld*& current() {
    static ManualWorld* world = nullptr;
    return world;
  }
};

}  // namespace skerry::test
