#include "common/seam/clock_jumps.h"

#include "tests/support/catch.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::seam;

TEST_CASE("ClockJump: what the wall clock moved beyond the time that passed", "[seam]") {
  const ClockReading before{TimePoint(100s), WallTime(5000s), 7s};
  struct Row {
    std::chrono::seconds passed, wall_moved, slept;
    ClockJump jump;
  };
  const Row rows[] = {
      {10s, 10s, 0s, {0s, 0s}},          {0s, 1s, 0s, {0s, 0s}},         // slewed
      {0s, 3600s, 0s, {3600s, 0s}},      {10s, -50s, 0s, {-60s, 0s}},    // set forth, back
      {5s, 605s, 600s, {0s, 600s}},                                      // slept
      {5s, 4205s, 600s, {3600s, 600s}},  {5s, 6s, 1s, {0s, 0s}},         // slept, then set
      {5s, 5s, 600s, {-600s, 600s}},  // a wall clock that stood still meanwhile
  };
  for (const Row& row : rows) {
    const ClockReading after{before.now + row.passed, before.wall + row.wall_moved,
                             before.asleep + row.slept};
    INFO(row.passed.count() << " " << row.wall_moved.count() << " " << row.slept.count());
    CHECK(clock_jump(before, after) == row.jump);
  }
}

TEST_CASE("ClockJumps: the system's clocks agree, and close() ends the wait", "[seam]") {
  boost::asio::io_context loop;
  auto jumps = posix_clock_jumps(loop.get_executor());
  REQUIRE(jumps);
  const ClockReading first = (*jumps)->read();
  CHECK(clock_jump(first, (*jumps)->read()) == ClockJump{});
  async::post(loop.get_executor(), [&] { (*jumps)->close(); });
  test::run_task(loop, (*jumps)->wait_for_jump());
}
