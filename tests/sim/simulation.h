// One seeded run: three or more nodes with 50 objects each, 2,000 events, 10 cuts, 5 crashes, an
// API that lags, compacts, fails and is restored; then quiet, and everything must converge.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/sim_run.h"

namespace skerry::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  Bugs bugs;
  bool print_trace = false;
  int events = 2000;
};

struct RunResult {
  std::uint64_t trace_hash = 0;
  std::string complaint;  // empty: all invariants held
  Coverage coverage;
  std::uint64_t crashes = 0;
  std::uint64_t cuts = 0;
  double converged_after_seconds = 0;  // virtual, from the end of the faults
};

RunResult simulate(const RunOptions& options);

}  // namespace skerry::sim
