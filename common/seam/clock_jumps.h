// The clock was set, or the machine slept: what was judged by time must be judged again.
#pragma once

#include <memory>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::seam {

/// All three clocks at one moment.
struct ClockReading {
  TimePoint now;       // CLOCK_MONOTONIC: stands still while the machine sleeps
  WallTime wall;       // CLOCK_REALTIME: what people and DHCP, NTP or GPS set
  Duration asleep{0};  // CLOCK_BOOTTIME - CLOCK_MONOTONIC: slept since the boot
};

struct ClockJump {
  Duration wall{0};    // how far the wall clock was set, forth (> 0) or back
  Duration asleep{0};  // how long the machine slept
  bool operator==(const ClockJump&) const = default;
};

/// A clock that is slewed, and the microseconds between the readings, are no jump.
inline constexpr auto kClockJumpMin = 2s;

/// Each part is zero when it is less than kClockJumpMin. Pure.
ClockJump clock_jump(const ClockReading& before, const ClockReading& after);

/// Owner: App. Thread: the loop.
class ClockJumps {
 public:
  virtual ~ClockJumps() = default;
  virtual ClockReading read() = 0;
  /// Returns when the wall clock was set or the machine woke up, however little that changed, or
  /// after close(). One call at a time.
  virtual async::Task<void> wait_for_jump() = 0;
  virtual void close() = 0;
};

/// By a timerfd that is cancelled when the clock is set: costs nothing in between.
/// Errors: kUnsupported.
Result<std::unique_ptr<ClockJumps>> posix_clock_jumps(const async::Executor& executor);

}  // namespace skerry::seam
