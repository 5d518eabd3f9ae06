// The pure part of catch_up.h, which the simulation decides by, too.
#include "cloudcore/edgecontroller/catch_up.h"

namespace skerry::edgecontroller {

CatchUpStep catch_up_step(const Progress& progress,
                          ResourceVersion seen,
                          std::optional<ResourceVersion> current) {
  if (progress.synced && progress.version >= seen) return CatchUpStep::kThere;
  if (!progress.synced) return CatchUpStep::kWait;
  if (!current) return CatchUpStep::kAsk;
  return *current < seen ? CatchUpStep::kRestored : CatchUpStep::kWait;
}

}  // namespace skerry::edgecontroller
