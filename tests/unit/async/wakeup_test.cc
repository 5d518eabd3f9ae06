#include "common/async/wakeup.h"

#include <vector>

#include "common/async/task_group.h"
#include "tests/support/catch.h"
// clang-format off
#include "common/async/task.h"
#include <boost/asio/io_context.hpp>
// clang-format on

using namespace skerry;
using namespace skerry::async;

namespace {

Task<void> wait_on(Wakeup& wakeup, std::vector<bool>& seen) {
  const bool notified = co_await wakeup.wait_until(TimePoint::max());
  seen.push_back(notified);
}

Task<void> notify_soon(Wakeup& wakeup) {
  wakeup.notify();
  co_return;
}

Task<void> expire(Wakeup& wakeup, std::vector<bool>& seen) {
  const bool notified = co_await wakeup.wait_until(TimePoint{});
  seen.push_back(notified);
}

}  // namespace

TEST_CASE("Wakeup: one notify wakes every coroutine that waits", "[async]") {
  boost::asio::io_context loop;
  Wakeup wakeup(loop.get_executor());
  TaskGroup tasks(loop.get_executor());
  std::vector<bool> seen;
  for (int i = 0; i < 3; ++i) tasks.spawn("waiter", wait_on(wakeup, seen));
  tasks.spawn("notifier", notify_soon(wakeup));
  loop.run();
  CHECK(seen == std::vector<bool>{true, true, true});
}

TEST_CASE("Wakeup: a notify before the wait is not lost, and counts once", "[async]") {
  boost::asio::io_context loop;
  Wakeup wakeup(loop.get_executor());
  TaskGroup tasks(loop.get_executor());
  std::vector<bool> seen;
  wakeup.notify();
  tasks.spawn("first", wait_on(wakeup, seen));
  tasks.spawn("second", expire(wakeup, seen));
  loop.run();
  CHECK(seen == std::vector<bool>{true, false});
}
