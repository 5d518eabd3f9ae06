// ends what has no deadline of its own (Boost 1.74 cancels no single
// operation).
#pragma once

#include <functional>
#include <memory>

#include "common/async/task.h"
#include "common/base/units.h"

namespace skerry::net {

/// Calls `expire` once when the time comes, unless destroyed before. TimePoint::max(): never.
/// Owner: the coroutine that waits. Thread: the executor's loop.
class Deadline {
 public:
  Deadline(const async::Executor& executor, TimePoint when, std::function<void()> expire);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  bool expired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skerry::net
