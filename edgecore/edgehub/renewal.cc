#include "edgecore/edgehub/renewal.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::edgehub {

WallTime issued_at(WallTime not_before, WallTime not_after) {
  return std::min<WallTime>(not_before + kCertificateBackdate, not_after);
}

WallTime renewal_time(WallTime not_before, WallTime not_after, std::uint64_t jitter) {
  SKERRY_ASSERT(not_before <= not_after, "a certificate ends before it begins");
  const WallTime issued = issued_at(not_before, not_after);
  const auto permille = static_cast<std::int64_t>(700 + jitter % 201);
  return issued + (not_after - issued) / 1000 * permille;
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

const char* to_string(CertificateState state) {
  switch (state) {
    case CertificateState::kFresh: return "valid";
    case CertificateState::kDue: return "due for renewal";
    case CertificateState::kExpired: return "expired: renewed as soon as cloudcore is reached";
    case CertificateState::kTooLate: return "expired for over a year: join again";
  }
  return "unknown";
}

}  // namespace skerry::edgehub
