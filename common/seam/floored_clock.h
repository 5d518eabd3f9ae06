// A clock that is never earlier than what is known for certain, for a box without a clock of its
// own: it starts in 1970, or where it was switched off, and must still judge certificates and
// tokens. Source: design.md section 5 ("the store keeps a time floor").
#pragma once

#include "common/seam/world.h"

namespace skerry::seam {

/// Owner: App, which tells it what is known: what the store kept, when a certificate was issued,
/// and what the clock says while the cloud takes this node for valid. Thread: the loop.
class FlooredClock final : public Clock {
 public:
  explicit FlooredClock(Clock& inner) : inner_(inner) {}

  /// It is at least this late now. An earlier one than is known changes nothing.
  void raise(WallTime at_least);
  /// The earliest that it can be: what was last known, and the time since then.
  WallTime floor() const;

  TimePoint now() override { return inner_.now(); }
  /// The inner clock's, but never before floor().
  WallTime wall() override;

 private:
  Clock& inner_;
  WallTime known_{};
  TimePoint known_at_{};
};

/// What may be taken for certain while the cloud has taken this node's certificate for valid: the
/// clock's time, but not before the certificate was issued and not after it ends. So a clock that
/// is set wrong, years ahead, cannot make the certificate look expired for ever. Pure.
WallTime proven_time(WallTime clock, WallTime issued, WallTime not_after);

}  // namespace skerry::seam
