// When a container that ended may start again: at once the first time, then 10 s after its end,
// doubled each time up to 5 min; forgotten when it ran for 10 min. Pure. Source: kubelet 1.34,
// kuberuntime_manager.go doBackOff, client-go flowcontrol.Backoff.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/units.h"

namespace skerry::edged {

inline constexpr auto kCrashDelayFirst = std::chrono::seconds(10);
inline constexpr auto kCrashDelayMax = std::chrono::seconds(300);

/// Kept per container in the pod's record, so that a restart of edgecore does not shorten it.
/// Wall time, because it outlives a boot: a clock that jumps back costs at most one whole delay.
struct CrashBackoff {
  std::chrono::seconds delay{0};  // 0: never restarted
  WallTime restarted{};           // when the delay was last raised

  /// Nothing: it may start now. Otherwise when it may.
  std::optional<WallTime> blocked_until(WallTime ended, WallTime now) const;
  /// It starts again after an end at `ended`.
  void on_restart(WallTime ended, WallTime now);

  friend bool operator==(const CrashBackoff&, const CrashBackoff&) = default;
};

/// "10s", "1m20s", "5m0s": how Go prints a duration.
std::string go_duration(std::chrono::seconds duration);

/// "back-off 10s restarting failed container=app pod=web_default(uid)"
std::string crash_message(const CrashBackoff& backoff,
                          std::string_view container,
                          std::string_view full_pod_name);

}  // namespace skerry::edged
