// How many connections begin per second: a handshake costs the CPU that live sessions need, and a
// fleet that comes back knocks all at once. Who is over the limit waits in the listen queue.
// Source: design.md 4.8.
#pragma once

#include <cstddef>

#include "common/base/units.h"

namespace skerry::cloudhub {

/// A token bucket that holds a tenth of a second's worth. Owner: CloudHub. Thread: control loop.
class HandshakeRate {
 public:
  explicit HandshakeRate(std::size_t per_second);

  /// When the next one may begin; TimePoint::min(): now.
  TimePoint next(TimePoint now) const;
  /// One begins. Ask next() before.
  void take(TimePoint now);

 private:
  Duration interval_;
  Duration burst_;
  // The moment at which all that was taken is paid for; behind it by less than the burst is fine
  // (the generic cell rate algorithm: no counter, no rounding).
  TimePoint paid_until_ = TimePoint::min();
};

}  // namespace skerry::cloudhub
