#include "edgecore/edged/probe_state.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

constexpr TimePoint kStart{1000s};

Probe spec(int delay, int period, int success, int failure) {
  Probe probe;
  probe.initial_delay = Seconds(delay);
  probe.period = Seconds(period);
  probe.success_threshold = success;
  probe.failure_threshold = failure;
  return probe;
}

/// Answers as letters (S, F, U), results after each as letters in the other case; 'h' on hold.
std::string run(ProbeKind kind, int success, int failure, std::string_view answers) {
  ProbeState state(kind, spec(0, 1, success, failure), kStart);
  std::string trace;
  for (const char c : answers) {
    if (state.on_hold()) {
      trace += 'h';
      continue;
    }
    state.on_answer(c == 'S'   ? ProbeResult::kSuccess
                    : c == 'F' ? ProbeResult::kFailure
                               : ProbeResult::kUnknown);
    trace += state.result() == ProbeResult::kSuccess   ? 's'
             : state.result() == ProbeResult::kFailure ? 'f'
                                                       : 'u';
  }
  return trace;
}

}  // namespace

TEST_CASE("ProbeState: thresholds decide when answers count", "[edged]") {
  struct Row {
    ProbeKind kind;
    int success, failure;
    const char* answers;
    const char* want;
  };
  const Row rows[] = {
      {ProbeKind::kReadiness, 1, 3, "SFFFS", "sssfs"},
      {ProbeKind::kReadiness, 1, 3, "SFFSFFF", "ssssssf"},  // a success begins the count again
      {ProbeKind::kReadiness, 2, 1, "SSFSS", "fsffs"},
      {ProbeKind::kReadiness, 2, 2, "SUS", "ffs"},     // an unknown is thrown away
      {ProbeKind::kLiveness, 1, 2, "FSFFS", "sssfh"},  // on hold once it failed
      {ProbeKind::kLiveness, 1, 1, "UF", "sf"},
      {ProbeKind::kStartup, 1, 3, "FFSF", "uush"},
      {ProbeKind::kStartup, 1, 2, "FFS", "ufh"},
  };
  for (const Row& row : rows) {
    INFO(to_string(row.kind) << " " << row.answers);
    CHECK(run(row.kind, row.success, row.failure, row.answers) == row.want);
  }
}

TEST_CASE("ProbeState: readiness and liveness wait for the start, startup ends with it",
          "[edged]") {
  const ProbeState startup(ProbeKind::kStartup, spec(5, 10, 1, 3), kStart);
  const ProbeState liveness(ProbeKind::kLiveness, spec(7, 10, 1, 3), kStart);
  CHECK(startup.next_due(false) == kStart + 5s);
  CHECK(startup.next_due(true) == TimePoint::max());
  CHECK(liveness.next_due(false) == TimePoint::max());
  CHECK(liveness.next_due(true) == kStart + 7s);
}

TEST_CASE("ProbeState: one probe a period, and none is made up for", "[edged]") {
  ProbeState state(ProbeKind::kReadiness, spec(2, 10, 1, 3), kStart);
  state.on_begun(kStart + 2s);
  CHECK(state.next_due(true) == kStart + 12s);
  state.on_begun(kStart + 13s);  // a little late: the rhythm stays
  CHECK(state.next_due(true) == kStart + 22s);
  state.on_begun(kStart + 100s);  // after a long pause
  CHECK(state.next_due(true) == kStart + 110s);
  state.postpone(kStart + 105s);
  CHECK(state.next_due(true) == kStart + 110s);
  state.postpone(kStart + 115s);
  CHECK(state.next_due(true) == kStart + 115s);
}

TEST_CASE("ProbeState: what was known before a restart is where it begins", "[edged]") {
  const ProbeState ready(ProbeKind::kReadiness, spec(0, 1, 1, 3), kStart, ProbeResult::kSuccess);
  CHECK(ready.result() == ProbeResult::kSuccess);
  CHECK(ready.next_due(true) == kStart);
  const ProbeState started(ProbeKind::kStartup, spec(0, 1, 1, 3), kStart, ProbeResult::kSuccess);
  CHECK(started.on_hold());
  CHECK(ProbeState(ProbeKind::kReadiness, spec(0, 1, 1, 3), kStart).result() ==
        ProbeResult::kFailure);
  CHECK(ProbeState(ProbeKind::kLiveness, spec(0, 1, 1, 3), kStart).result() ==
        ProbeResult::kSuccess);
  CHECK(ProbeState(ProbeKind::kStartup, spec(0, 1, 1, 3), kStart).result() ==
        ProbeResult::kUnknown);
}
