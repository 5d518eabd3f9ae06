// A condition with a deadline: the one way a coroutine waits for something that is not I/O.
#pragma once

#include <memory>

#include "common/async/task.h"
#include "common/base/units.h"

namespace skerry::async {

/// Wakes all coroutines that wait on it. A notify() with nobody waiting is remembered for the next
/// wait. Owner: the object whose state is waited for. Thread: its executor's loop only.
class Wakeup {
 public:
  explicit Wakeup(Executor executor);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void notify();
  /// True when notified, false when the deadline came first. TimePoint::max(): no deadline.
  Task<bool> wait_until(TimePoint deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;  // outlives *this while a coroutine waits
};

/// Waits without a purpose other than time: backoff, cycles.
Task<void> sleep_for(Duration duration);

/// What all waits take for the present; null: the steady clock. For tests with virtual time, while
/// nothing waits: their loop is polled, never run.
void set_wait_clock(TimePoint (*now)());

}  // namespace skerry::async
