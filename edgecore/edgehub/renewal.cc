#include "edgecore/edgehub/renewal.h"

#include "common/base/assert.h"

namespace skerry::edgehub {

WallTime renewal_time(WallTime not_before, WallTime not_after, std::uint64_t jitter) {
  SKERRY_ASSERT(not_before <= not_after, "a certificate ends before it begins");
  const auto life = not_after - not_before;
  const auto permille = static_cast<std::int64_t>(700 + jitter % 201);
  return not_before + life / 1000 * permille;
}

CertificateState certificate_state(WallTime not_before,
                                   WallTime not_after,
                                   std::uint64_t jitter,
                                   WallTime now) {
  if (now >= not_after + kRenewAfterExpiryMax) return CertificateState::kTooLate;
  if (now >= not_after) return CertificateState::kExpired;
  if (now >= renewal_time(not_before, not_after, jitter)) return CertificateState::kDue;
  return CertificateState::kFresh;
}

}  // namespace skerry::edgehub
