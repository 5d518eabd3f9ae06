#include "common/seam/floored_clock.h"

#include <algorithm>

namespace skerry::seam {

void FlooredClock::raise(WallTime at_least) {
  if (at_least <= floor()) return;
  known_ = at_least;
  known_at_ = inner_.now();
}

WallTime FlooredClock::floor() const {
  if (known_ == WallTime{}) return known_;
  return known_ + std::chrono::duration_cast<WallTime::duration>(inner_.now() - known_at_);
}

WallTime FlooredClock::wall() { return std::max(inner_.wall(), floor()); }

WallTime proven_time(WallTime clock, WallTime issued, WallTime not_after) {
  return std::min(std::max(clock, issued), not_after);
}

}  // namespace skerry::seam
