// skerry_sim [--seed=N] [--seeds=N] [--first=N] [--bug=NAME] [--check-replay] [--trace]
//   --seed=N        one run; prints what broke
//   --seeds=N       runs seeds first..first+N-1; fails on a broken invariant and on unreached
//   coverage
//   --bug=NAME      plants a bug; succeeds only when some seed finds it
//   --check-replay  runs each seed twice and compares the traces
//   --regressions=F runs the seeds that F lists: those that found something once
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <algorithm>
#include <fstream>
#include <string>

#include "common/base/log.h"
#include "tests/sim/simulation.h"

namespace {

using skerry::sim::RunOptions;
using skerry::sim::RunResult;

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1;
  std::string bug;
  bool check_replay = false;
  bool coverage = false;
  std::string regressions;
  RunOptions run;
};

bool plant(const std::string& name, skerry::sim::Bugs& bugs) {
  if (name == "ack-before-fsync") return bugs.edge.ack_before_commit = true;
  if (name == "outbox-cleared-on-send") return bugs.edge.outbox_cleared_on_send = true;
  if (name == "remove-ignores-uid") return bugs.cloud.remove_ignores_uid = true;
  if (name == "old-cleanup-touches-new") return bugs.cloud.cleanup_ignores_epoch = true;
  if (name == "welcome-before-lists") return bugs.welcome_before_lists = true;
  if (name == "no-relist-after-410") return bugs.no_relist_after_gone = true;
  return false;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = word.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("--seed=")) {
      options.first = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--first=")) {
      options.first = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--seeds=")) {
      options.seeds = std::strtoull(value.c_str(), nullptr, 10);
      options.coverage = true;
    } else if (word.starts_with("--bug=")) {
      options.bug = value;
      if (!plant(value, options.run.bugs)) return false;
    } else if (word.starts_with("--regressions=")) {
      options.regressions = value;
    } else if (word == "--check-replay") {
      options.check_replay = true;
    } else if (word == "--trace") {
      options.run.print_trace = true;
    } else {
      return false;
    }
  }
  return true;
}

void print_failure(std::uint64_t seed, const RunResult& result, const std::string& bug) {
  std::printf("FAILED %s\n  replay: skerry_sim --seed=%llu%s%s\n", result.complaint.c_str(),
              static_cast<unsigned long long>(seed), bug.empty() ? "" : " --bug=", bug.c_str());
}

bool coverage_is_complete(const skerry::sim::Coverage& coverage) {
  bool complete = true;
  for (const auto& [what, count] : coverage.counts()) {
    std::printf("  %8llu  %s\n", static_cast<unsigned long long>(count), what.c_str());
    if (count > 0) continue;
    std::printf("FAILED never reached: %s\n", what.c_str());
    complete = false;
  }
  return complete;
}

int find_bug(const Options& options) {
  for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    RunOptions run = options.run;
    run.seed = seed;
    const RunResult result = skerry::sim::simulate(run);
    if (result.complaint.empty()) continue;
    std::printf("found %s after %llu seeds: %s\n", options.bug.c_str(),
                static_cast<unsigned long long>(seed - options.first + 1),
                result.complaint.c_str());
    return EXIT_SUCCESS;
  }
  std::printf("FAILED the planted bug %s was not found\n", options.bug.c_str());
  return EXIT_FAILURE;
}

int run_seeds(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  skerry::sim::Coverage coverage;
  bool failed = false;
  double slowest = 0;
  std::uint64_t fewest_crashes = ~std::uint64_t{0}, fewest_cuts = ~std::uint64_t{0};
  for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    RunOptions run = options.run;
    run.seed = seed;
    const RunResult result = skerry::sim::simulate(run);
    coverage.add(result.coverage);
    slowest = std::max(slowest, result.converged_after_seconds);
    fewest_crashes = std::min(fewest_crashes, result.crashes);
    fewest_cuts = std::min(fewest_cuts, result.cuts);
    if (!result.complaint.empty()) {
      print_failure(seed, result, options.bug);
      failed = true;
    }
    if (options.check_replay && skerry::sim::simulate(run).trace_hash != result.trace_hash) {
      std::printf("FAILED seed %llu does not replay\n", static_cast<unsigned long long>(seed));
      failed = true;
    }
    if (!options.coverage) {
      std::printf("seed %llu trace %016llx converged after %.1f s, %llu crashes, %llu cuts\n",
                  static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(result.trace_hash),
                  result.converged_after_seconds, static_cast<unsigned long long>(result.crashes),
                  static_cast<unsigned long long>(result.cuts));
    }
  }
  if (options.coverage && !options.check_replay && !coverage_is_complete(coverage)) failed = true;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%llu seeds in %.1f s; slowest convergence %.1f s (virtual); in each at least %llu crashes "
      "and %llu cuts\n",
      static_cast<unsigned long long>(options.seeds), took.count(), slowest,
      static_cast<unsigned long long>(fewest_crashes),
      static_cast<unsigned long long>(fewest_cuts));
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/// Each line: a seed, then what it found. "#" begins a comment.
int run_regressions(const Options& options) {
  std::ifstream file(options.regressions);
  bool failed = !file;
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    RunOptions run = options.run;
    run.seed = std::strtoull(line.c_str(), nullptr, 10);
    if (run.seed == 0) continue;
    const RunResult result = skerry::sim::simulate(run);
    ++count;
    if (result.complaint.empty()) continue;
    print_failure(run.seed, result, options.bug);
    failed = true;
  }
  std::printf("%zu seeds of %s\n", count, options.regressions.c_str());
  return failed || count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "skerry_sim: unknown word; see the top of tests/sim/main.cc\n");
    return 2;
  }
  skerry::log::configure(skerry::log::Level::kError, skerry::log::Format::kKeyValue);
  if (!options.regressions.empty()) return run_regressions(options);
  return options.bug.empty() || options.seeds == 1 ? run_seeds(options) : find_bug(options);
}
