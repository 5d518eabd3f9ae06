#include "edgecore/edged/crash_backoff.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;
using namespace std::chrono_literals;

namespace {

const WallTime kStart{std::chrono::hours(24 * 365 * 50)};

/// Restarts a container that ends at once each time; returns how long each start had to wait.
std::vector<std::chrono::seconds> crash_delays(int times) {
  std::vector<std::chrono::seconds> waits;
  CrashBackoff backoff;
  WallTime now = kStart;
  for (int i = 0; i < times; ++i) {
    const WallTime ended = now;
    const auto until = backoff.blocked_until(ended, now);
    waits.push_back(until ? std::chrono::duration_cast<std::chrono::seconds>(*until - now) : 0s);
    if (until) now = *until;
    backoff.on_restart(ended, now);
  }
  return waits;
}

}  // namespace

TEST_CASE("CrashBackoff: waits 0, 10, 20, 40 s and so on up to 5 min", "[edged]") {
  CHECK(crash_delays(8) ==
        std::vector<std::chrono::seconds>{0s, 10s, 20s, 40s, 80s, 160s, 300s, 300s});
}

TEST_CASE("CrashBackoff: is forgotten after ten minutes of running", "[edged]") {
  CrashBackoff backoff{160s, kStart};
  const WallTime early = kStart + 9min;
  CHECK(backoff.blocked_until(early, early) == early + 160s);
  const WallTime late = kStart + 10min + 1s;
  CHECK_FALSE(backoff.blocked_until(late, late));
  backoff.on_restart(late, late);
  CHECK(backoff.delay == 10s);
}

TEST_CASE("CrashBackoff: a clock that jumped back costs at most one delay", "[edged]") {
  const CrashBackoff backoff{40s, kStart};
  const WallTime ended = kStart + 1h;  // before the jump
  const WallTime now = kStart + 1min;
  REQUIRE(backoff.blocked_until(kStart + 2min, now));
  CHECK(*backoff.blocked_until(kStart + 2min, now) == now + 40s);
  CHECK_FALSE(backoff.blocked_until(ended, now));
}

TEST_CASE("CrashBackoff: its message is the kubelet's", "[edged]") {
  CHECK(crash_message({80s, kStart}, "app", "web_default(u1)") ==
        "back-off 1m20s restarting failed container=app pod=web_default(u1)");
  CHECK(go_duration(300s) == "5m0s");
  CHECK(go_duration(3661s) == "1h1m1s");
}
