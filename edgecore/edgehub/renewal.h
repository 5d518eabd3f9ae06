// When a node's certificate is renewed. Pure. Source: design.md section 6 (KubeEdge's own jitter
// rule).
#pragma once

#include <cstdint>

#include "common/base/units.h"

namespace skerry::edgehub {

enum class CertificateState : std::uint8_t {
  kFresh,
  kDue,      // renew over the live link
  kExpired,  // no session any more: renew() by a connection of its own
  kTooLate,  // only `edgecore join` helps
};

const char* to_string(CertificateState state);

/// Certificates are backdated by kCertificateBackdate: when one was really made.
WallTime issued_at(WallTime not_before, WallTime not_after);

/// Between 70 and 90 % of its life since it was made: spread over the fleet, so that nodes that joined together do
/// not renew together. `jitter`: any number that stays the same for one certificate (its serial's
/// hash).
WallTime renewal_time(WallTime not_before, WallTime not_after, std::uint64_t jitter);

CertificateState certificate_state(WallTime not_before,
                                   WallTime not_after,
                                   std::uint64_t jitter,
                                   WallTime now);

}  // namespace skerry::edgehub
