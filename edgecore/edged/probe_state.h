// One probe of one running container: when it is due, and what a series of answers amounts to.
// Pure. Source: kubelet 1.34, pkg/kubelet/prober/worker.go.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/units.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

enum class ProbeKind : std::uint8_t { kStartup, kReadiness, kLiveness };
inline constexpr std::size_t kProbeKinds = 3;
/// "Startup", "Readiness", "Liveness", as events spell them.
std::string_view to_string(ProbeKind kind);

enum class ProbeResult : std::uint8_t { kUnknown, kSuccess, kFailure };

/// Owner: the container's watch in Prober. Times are the loop's clock.
class ProbeState {
 public:
  /// `adopted`: what the container's probe had come to before a restart of edgecore.
  ProbeState(ProbeKind kind,
             const Probe& spec,
             TimePoint container_started,
             std::optional<ProbeResult> adopted = std::nullopt);

  /// When to probe next. TimePoint::max(): not until something changes. `container_has_started`:
  /// there is no startup probe, or it has succeeded.
  TimePoint next_due(bool container_has_started) const;

  /// A probe was begun at `now`; the next one is a period later.
  void on_begun(TimePoint now);
  /// Its answer. Unknown is thrown away. True when result() changed.
  bool on_answer(ProbeResult answer);

  /// Puts off the next probe by `delay`: after a restart of edgecore, so that not all come at once.
  void postpone(TimePoint until);

  /// Readiness begins as failure, liveness as success, startup as unknown.
  ProbeResult result() const { return result_; }
  /// Liveness failed, or startup came to an end: nothing more is asked of this container.
  bool on_hold() const { return on_hold_; }
  ProbeKind kind() const { return kind_; }

 private:
  ProbeKind kind_;
  Duration period_;
  int success_threshold_;
  int failure_threshold_;
  TimePoint due_;
  ProbeResult result_;
  ProbeResult last_ = ProbeResult::kUnknown;
  int run_ = 0;
  bool on_hold_ = false;
};

}  // namespace skerry::edged
