// What all parts of one simulated run share: time, chance, trace, coverage, faults and complaints.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "cloudcore/cloudhub/session_protocol.h"
#include "edgecore/edgehub/link_protocol.h"
#include "tests/sim/sim_world.h"

namespace skerry::sim {

/// Test-only mistakes, one per planted-bug test.
struct Bugs {
  cloudhub::PlantedBugs cloud;
  edgehub::PlantedBugs edge;
  bool welcome_before_lists = false;  // the backend answers before every first list is whole
  bool no_relist_after_gone = false;  // after 410 the watch goes on from now
};

/// Which places of the protocol a run has been cut or crashed at. All must be reached over all
/// seeds.
class Coverage {
 public:
  void expect(const std::string& what) { counts_.try_emplace(what, 0); }
  void count(const std::string& what) { ++counts_[what]; }
  void add(const Coverage& other);
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t> counts_;
};

/// Says when a process dies: before or after its n-th effect of one sort. Several per run.
class CrashPlan {
 public:
  void add(const std::string& effect, std::uint64_t nth, bool after);
  /// Whoever acts next dies, before or after it.
  void at_the_next_effects(int count, bool after) {
    next_ += count;
    next_after_ = after;
  }
  /// Counts the effect; true: die here.
  bool dies(const std::string& who, const std::string& effect, bool after, Coverage& coverage);
  void stop() { armed_ = false; }
  std::uint64_t crashes() const { return crashes_; }

 private:
  struct Point {
    std::string effect;
    std::uint64_t nth;
    bool after;
  };
  std::vector<Point> points_;
  std::map<std::pair<std::string, bool>, std::uint64_t> seen_;
  int next_ = 0;
  bool next_after_ = false;
  bool armed_ = true;
  std::uint64_t crashes_ = 0;
};

struct Run {
  explicit Run(std::uint64_t seed, Bugs planted) : random(seed), bugs(planted) {}

  Scheduler scheduler;
  Random random;
  Trace trace;
  Coverage coverage;
  CrashPlan crashes;
  std::uint64_t cuts = 0;
  Bugs bugs;
  bool faults = true;       // false: the world behaves, everything must converge
  TimePoint restored_at{};  // last time the API went back to an older state; 0: never
  std::string complaint;    // the first broken invariant; the run ends

  TimePoint now() { return scheduler.now(); }
  seam::World world() { return {scheduler, random}; }
  void note(std::string_view word, std::uint64_t number = 0) {
    trace.at(scheduler.now());
    trace.note(word, number);
  }
  void complain(const std::string& invariant, const std::string& what);
  /// Shortly after a restore the parts legitimately speak of a history that is gone.
  bool recently_restored() { return restored_at != TimePoint{} && now() < restored_at + 150s; }
  /// A delay as the world has it: mostly short, sometimes long.
  Duration latency();
};

const char* name(cloudhub::SessionProtocol::State state);
const char* name(edgehub::LinkProtocol::State state);

}  // namespace skerry::sim
