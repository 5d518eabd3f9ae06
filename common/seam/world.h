// The only door to the outside for decisions: what time is it, what is random. Sockets, the disk
// and processes have seams of their own where they are used (lane::Lane, kube::HttpClient,
// metamanager::Store's VFS, edged::CriClient); tests hand in a SimWorld.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/units.h"

namespace skerry::seam {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() = 0;
  virtual WallTime wall() = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  /// Unpredictable bytes for keys and tokens in the real world; seeded ones in a simulation.
  virtual std::string bytes(std::size_t count) = 0;

  /// Uniform in [0, bound). bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// Uniform between half of `delay` and `delay`: backoff with jitter.
  Duration jittered(Duration delay) {
    const auto half = delay.count() / 2;
    return Duration(half + static_cast<Duration::rep>(below(static_cast<std::uint64_t>(half) + 1)));
  }
};

struct World {
  Clock& clock;
  Random& random;
};

/// The real one. Lives for the whole process.
World posix_world();

}  // namespace skerry::seam
