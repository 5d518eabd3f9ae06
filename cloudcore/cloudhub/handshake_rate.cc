#include "cloudcore/cloudhub/handshake_rate.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::cloudhub {
namespace {

constexpr std::size_t kBurstsPerSecond = 10;

}  // namespace

HandshakeRate::HandshakeRate(std::size_t per_second) {
  SKERRY_ASSERT(per_second > 0, "a hub that takes no connection");
  interval_ = std::chrono::duration_cast<Duration>(1s) / per_second;
  burst_ = interval_ * std::max<std::size_t>(1, per_second / kBurstsPerSecond);
}

TimePoint HandshakeRate::next(TimePoint now) const {
  const bool may_begin = paid_until_ <= now || paid_until_ - now <= burst_ - interval_;
  return may_begin ? TimePoint::min() : paid_until_ - burst_ + interval_;
}

void HandshakeRate::take(TimePoint now) { paid_until_ = std::max(paid_until_, now) + interval_; }

}  // namespace skerry::cloudhub
