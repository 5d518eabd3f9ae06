#include "tests/sim/simulation.h"

#include <memory>
#include <vector>

#include "tests/sim/invariants.h"
#include "tests/sim/workload.h"

namespace skerry::sim {
namespace {

constexpr auto kConvergedWithin = 150s;  // virtual; a restored API is believed after about 25 s
constexpr auto kEventSpacing = 250ms;    // half of the events follow at once
constexpr int kStepsBetweenChecks = 64;

class Simulation {
 public:
  explicit Simulation(const RunOptions& options)
      : options_(options),
        run_(options.seed, options.bugs),
        disk_(options.seed),
        api_(run_),
        cloud_(run_, api_, ClusterId("cluster")) {
    run_.trace.print_to_stderr(options.print_trace);
    const int nodes = 3;
    for (int i = 0; i < nodes; ++i) add_edge("node-" + std::to_string(i), {});
    if (options.seed % 4 == 0) add_edge("stranger", ClusterId("another cluster"));
    workload_ = std::make_unique<Workload>(run_, api_, cloud_, edges_);
  }

  RunResult run() {
    workload_->set_up();
    api_.on_change([this] { cloud_.poke(); });
    workload_->plan_faults(options_.events);
    cloud_.start();
    for (const auto& edge : edges_) {
      run_.scheduler.after(run_.random.between(0ms, 2s), [&edge] { edge->boot(); });
    }
    schedule_events();
    if (run_.complaint.empty()) settle();
    RunResult result;
    result.trace_hash = run_.trace.hash();
    result.complaint = run_.complaint;
    result.coverage = run_.coverage;
    result.crashes = run_.crashes.crashes();
    result.cuts = run_.cuts;
    result.converged_after_seconds = converged_after_;
    return result;
  }

 private:
  void add_edge(const std::string& name, ClusterId cluster) {
    edges_.push_back(
        std::make_unique<SimEdge>(run_, api_, cloud_, disk_, NodeName(name), std::move(cluster)));
  }

  /// Runs until `until`; false: an invariant broke.
  bool advance(TimePoint until) {
    run_.scheduler.at(until, [] {});  // time passes also when nothing happens
    while (run_.complaint.empty() && run_.scheduler.step(until)) {
      if (++steps_ % kStepsBetweenChecks != 0) continue;
      check_live_sessions_keep_their_place(run_, cloud_);
    }
    return run_.complaint.empty();
  }

  void schedule_events() {
    for (int i = 0; i < options_.events; ++i) {
      const bool burst = run_.random.chance(50);
      const Duration gap = burst ? Duration::zero() : run_.random.between(0ms, kEventSpacing);
      if (!advance(run_.now() + gap)) return;
      workload_->next_event();
    }
    advance(run_.now() + 5s);
  }

  /// The faults stop. Everything must be right within bounded time.
  void settle() {
    run_.faults = false;
    run_.crashes.stop();
    const TimePoint begin = run_.now();
    const TimePoint end = begin + kConvergedWithin;
    std::string last;
    while (run_.now() < end) {
      const TimePoint next = run_.now() + 500ms;
      if (!advance(next)) return;
      last = state();
      if (last.empty()) break;
    }
    converged_after_ = std::chrono::duration<double>(run_.now() - begin).count();
    if (!last.empty()) return run_.complain("everything converges", last);
    for (const auto& edge : edges_) {
      check_nothing_acknowledged_is_lost(run_, *edge);
      if (!edge->foreign()) check_no_event_is_lost(run_, api_, *edge);
    }
  }

  std::string state() {
    for (const auto& edge : edges_) {
      if (std::string what = not_converged(api_, cloud_, *edge); !what.empty()) return what;
    }
    return "";
  }

  RunOptions options_;
  Run run_;
  test::PowerCutVfs disk_;
  ApiServer api_;
  SimCloud cloud_;
  std::vector<std::unique_ptr<SimEdge>> edges_;
  std::unique_ptr<Workload> workload_;
  std::uint64_t steps_ = 0;
  double converged_after_ = 0;
};

}  // namespace

RunResult simulate(const RunOptions& options) { return Simulation(options).run(); }

}  // namespace skerry::sim
