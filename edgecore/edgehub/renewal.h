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

/// Between 70 and 90 % of its life: spread over the fleet, so that nodes that joined together do
/// not renew together. `jitter`: any number that stays the same for one certificate (its serial's
/// hash).
WallTime renewal_time(WallTime not_before, WallTime not_after, std::uint64_t jitter);

CertificateState certificate_state(WallTime not_before,
                                   WallTime not_after,
                                   std::uint64_t jitter,
                                   WallTime now);

}  // namespace skerry::edgehub
