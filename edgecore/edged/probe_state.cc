#include "edgecore/edged/probe_state.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::edged {
namespace {

ProbeResult initial_result(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kReadiness:
      return ProbeResult::kFailure;
    case ProbeKind::kLiveness:
      return ProbeResult::kSuccess;
    case ProbeKind::kStartup:
      return ProbeResult::kUnknown;
  }
  return ProbeResult::kUnknown;
}

}  // namespace

std::string_view to_string(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kReadiness:
      return "Readiness";
    case ProbeKind::kLiveness:
      return "Liveness";
    case ProbeKind::kStartup:
      return "Startup";
  }
  return "Readiness";
}

ProbeState::ProbeState(ProbeKind kind,
                       const Probe& spec,
                       TimePoint container_started,
                       std::optional<ProbeResult> adopted)
    : kind_(kind),
      period_(std::max<Duration>(spec.period, 1s)),
      success_threshold_(std::max(spec.success_threshold, 1)),
      failure_threshold_(std::max(spec.failure_threshold, 1)),
      due_(container_started + spec.initial_delay),
      result_(adopted.value_or(initial_result(kind))),
      on_hold_(kind == ProbeKind::kStartup && adopted == ProbeResult::kSuccess) {}

TimePoint ProbeState::next_due(bool container_has_started) const {
  // Readiness and liveness wait for the startup probe; that one ends with the start.
  const bool asks = (kind_ == ProbeKind::kStartup) != container_has_started;
  return on_hold_ || !asks ? TimePoint::max() : due_;
}

void ProbeState::on_begun(TimePoint now) {
  // A period after this one was due; after a pause (a slow answer, a stopped clock) none is made
  // up.
  due_ += period_;
  if (due_ <= now || due_ > now + period_) due_ = now + period_;
}

void ProbeState::postpone(TimePoint until) { due_ = std::max(due_, until); }

bool ProbeState::on_answer(ProbeResult answer) {
  SKERRY_ASSERT(!on_hold_, "a probe on hold is not asked");
  if (answer == ProbeResult::kUnknown) return false;
  run_ = answer == last_ ? run_ + 1 : 1;
  last_ = answer;
  const int threshold = answer == ProbeResult::kSuccess ? success_threshold_ : failure_threshold_;
  if (run_ < threshold) return false;
  const bool changed = result_ != answer;
  result_ = answer;
  const bool liveness_failed = kind_ == ProbeKind::kLiveness && answer == ProbeResult::kFailure;
  if (liveness_failed || kind_ == ProbeKind::kStartup) {
    on_hold_ = true;
    run_ = 0;
  }
  return changed;
}

}  // namespace skerry::edged
