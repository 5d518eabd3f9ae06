#include "common/seam/floored_clock.h"

#include "tests/support/catch.h"
#include "tests/support/manual_world.h"

using namespace skerry;
using seam::FlooredClock;

namespace {

const WallTime k2027{std::chrono::seconds(1'800'000'000)};
constexpr auto kDay = std::chrono::hours(24);

}  // namespace

TEST_CASE("FlooredClock: a good clock is left alone", "[seam]") {
  test::ManualWorld world;
  FlooredClock clock(world);
  CHECK(clock.wall() == world.wall());
  clock.raise(k2027 - kDay);
  world.advance(5min);
  CHECK(clock.wall() == k2027 + 5min);
  world.set_wall(k2027 + 40 * kDay);  // set forth: believed
  CHECK(clock.wall() == k2027 + 40 * kDay);
  world.set_wall(k2027 + 5min);  // and back
  CHECK(clock.wall() == k2027 + 5min);
}

TEST_CASE("FlooredClock: without a clock time starts at the floor and goes on", "[seam]") {
  test::ManualWorld world;
  world.set_wall(WallTime{});
  FlooredClock clock(world);
  clock.raise(k2027);
  CHECK(clock.wall() == k2027);
  world.advance(3h);
  CHECK(clock.wall() == k2027 + 3h);
  clock.raise(k2027 + 1h);  // known already
  CHECK(clock.floor() == k2027 + 3h);
  clock.raise(k2027 + 4h);
  world.advance(1h);
  CHECK(clock.floor() == k2027 + 5h);
}

TEST_CASE("FlooredClock: while nothing is known the floor is the beginning of time", "[seam]") {
  test::ManualWorld world;
  FlooredClock clock(world);
  world.advance(100h);
  CHECK(clock.floor() == WallTime{});
}

TEST_CASE("FlooredClock: what is proven lies within the certificate's life", "[seam]") {
  const WallTime issued = k2027, end = k2027 + 30 * kDay;
  CHECK(seam::proven_time(k2027 + kDay, issued, end) == k2027 + kDay);
  CHECK(seam::proven_time(WallTime{}, issued, end) == issued);
  CHECK(seam::proven_time(k2027 + 30000 * kDay, issued, end) == end);
}
