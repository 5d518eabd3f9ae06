#include "edgecore/edged/crash_backoff.h"

#include <algorithm>

namespace skerry::edged {
namespace {

/// It ran long enough after its last restart to count as sound.
bool expired(WallTime ended, WallTime restarted) { return ended - restarted > 2 * kCrashDelayMax; }

}  // namespace

std::optional<WallTime> CrashBackoff::blocked_until(WallTime ended, WallTime now) const {
  if (delay.count() == 0 || expired(ended, restarted)) return std::nullopt;
  const WallTime until = std::min(ended, now) + delay;
  if (now >= until) return std::nullopt;
  return until;
}

void CrashBackoff::on_restart(WallTime ended, WallTime now) {
  const bool fresh = delay.count() == 0 || expired(ended, restarted);
  delay = fresh ? kCrashDelayFirst : std::min<std::chrono::seconds>(delay * 2, kCrashDelayMax);
  restarted = now;
}

std::string go_duration(std::chrono::seconds duration) {
  const auto total = duration.count();
  std::string out;
  if (total >= 3600) out += std::to_string(total / 3600) + "h";
  if (total >= 60) out += std::to_string(total / 60 % 60) + "m";
  return out + std::to_string(total % 60) + "s";
}

std::string crash_message(const CrashBackoff& backoff,
                          std::string_view container,
                          std::string_view full_pod_name) {
  return "back-off " + go_duration(backoff.delay) +
         " restarting failed container=" + std::string(container) +
         " pod=" + std::string(full_pod_name);
}

}  // namespace skerry::edged
