// A world whose clock stands still until the test moves it, and whose randomness is seeded.
#pragma once

#include <random>

#include "common/seam/world.h"

namespace skerry::test {

class ManualWorld final : public seam::Clock, public seam::Random {
 public:
  explicit ManualWorld(std::uint64_t seed = 1) : engine_(seed) {}

  seam::World world() { return {*this, *this}; }
  void advance(Duration by) {
    now_ += by;
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  void set_wall(WallTime wall) { wall_ = wall; }
  /// For code that also waits on real timers.
  void set_now(TimePoint now) { now_ = now; }

  TimePoint now() override { return now_; }
  WallTime wall() override { return wall_; }
  std::uint64_t next() override { return engine_(); }
  std::string bytes(std::size_t count) override {
    std::string out;
    while (out.size() < count) out += static_cast<char>(engine_() & 0xff);
    return out;
  }

 private:
  std::mt19937_64 engine_;
  TimePoint now_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z
};

}  // namespace skerry::test
