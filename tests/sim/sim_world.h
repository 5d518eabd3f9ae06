// Virtual time, one seeded source of chance, and the trace that proves a replay identical.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/units.h"
#include "common/seam/world.h"

namespace skerry::sim {

/// splitmix64: the same numbers on every machine and compiler.
class Random final : public seam::Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;
  std::string bytes(std::size_t count) override;
  bool chance(unsigned percent) { return below(100) < percent; }
  Duration between(Duration low, Duration high);
  /// A stream of its own, so that a change in one part does not shuffle all others.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

/// FNV-1a over everything that happens.
class Trace {
 public:
  void note(std::string_view word, std::uint64_t number = 0);
  std::uint64_t hash() const { return hash_; }
  /// Also print what is noted (replaying a failure by hand).
  void print_to_stderr(bool on) { print_ = on; }
  void at(TimePoint now) { now_ = now; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
  bool print_ = false;
  TimePoint now_{};
};

class Scheduler final : public seam::Clock {
 public:
  TimePoint now() override { return now_; }
  WallTime wall() override;
  void at(TimePoint when, std::function<void()> what);
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  /// The next event; false: none left, or the next one is later than `until`.
  bool step(TimePoint until);

 private:
  struct Event {
    TimePoint when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t order_ = 0;
  std::vector<Event> events_;  // heap
};

}  // namespace skerry::sim
