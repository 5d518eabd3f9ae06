#include "tests/sim/sim_run.h"

namespace skerry::sim {

void Coverage::add(const Coverage& other) {
  for (const auto& [what, count] : other.counts_) counts_[what] += count;
}

void CrashPlan::add(const std::string& effect, std::uint64_t nth, bool after) {
  points_.push_back({effect, nth, after});
}

bool CrashPlan::dies(const std::string& who,
                     const std::string& effect,
                     bool after,
                     Coverage& coverage) {
  if (!armed_) return false;
  const std::uint64_t nth = ++seen_[{effect, after}];
  bool now = false;
  for (const Point& point : points_) {
    now |= point.effect == effect && point.nth == nth && point.after == after;
  }
  if (!now && next_ > 0 && next_after_ == after) {
    --next_;
    now = true;
  }
  if (!now) return false;
  ++crashes_;
  coverage.count("crash " + who + (after ? " after " : " before ") + effect);
  return true;
}

void Run::complain(const std::string& invariant, const std::string& what) {
  note("complaint");
  if (complaint.empty()) complaint = invariant + ": " + what;
}

Duration Run::latency() {
  if (!faults) return random.between(1ms, 20ms);
  const std::uint64_t dice = random.below(100);
  if (dice < 80) return random.between(1ms, 30ms);
  if (dice < 97) return random.between(30ms, 400ms);
  return random.between(400ms, 4s);
}

const char* name(cloudhub::SessionProtocol::State state) {
  constexpr const char* kNames[] = {"hello", "opening", "comparing", "live", "foreign", "ended"};
  static_assert(std::size(kNames) == std::size_t(cloudhub::SessionProtocol::State::kCount));
  return kNames[static_cast<std::size_t>(state)];
}

const char* name(edgehub::LinkProtocol::State state) {
  constexpr const char* kNames[] = {"offline", "hello", "listed", "live", "foreign", "closing"};
  static_assert(std::size(kNames) == std::size_t(edgehub::LinkProtocol::State::kCount));
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace skerry::sim
