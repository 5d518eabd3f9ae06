#include "cloudcore/edgecontroller/lease_schedule.h"

#include <string>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgecontroller;

namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

/// Everything that is due up to `until`, with the time at which it is taken.
std::map<NodeName, std::vector<TimePoint>> take_until(LeaseSchedule& schedule, TimePoint until) {
  std::map<NodeName, std::vector<TimePoint>> taken;
  for (TimePoint now = schedule.next(); now <= until; now = schedule.next()) {
    const auto due = schedule.take(now);
    REQUIRE(due);
    taken[due->node].push_back(now);
  }
  return taken;
}

}  // namespace

TEST_CASE("LeaseSchedule: a node is due at once, then every interval", "[edgecontroller]") {
  LeaseSchedule schedule;
  CHECK(schedule.next() == TimePoint::max());
  schedule.add(NodeName("a"), Uid("u"), kStart);
  const auto first = schedule.take(kStart);
  REQUIRE(first);
  CHECK(first->node == NodeName("a"));
  CHECK(first->uid == Uid("u"));
  CHECK_FALSE(schedule.take(kStart + kNodeLeaseRenewInterval - 1ns));
  CHECK(schedule.next() == kStart + kNodeLeaseRenewInterval);
  CHECK(schedule.take(kStart + kNodeLeaseRenewInterval));
}

TEST_CASE("LeaseSchedule: a node that comes back is due at once and only once",
          "[edgecontroller]") {
  LeaseSchedule schedule;
  schedule.add(NodeName("a"), Uid("old"), kStart);
  REQUIRE(schedule.take(kStart));
  schedule.add(NodeName("a"), Uid("new"), kStart + 1s);
  const auto again = schedule.take(kStart + 1s);
  REQUIRE(again);
  CHECK(again->uid == Uid("new"));
  CHECK(take_until(schedule, kStart + kNodeLeaseRenewInterval).empty());
}

TEST_CASE("LeaseSchedule: a node that left is not due", "[edgecontroller]") {
  LeaseSchedule schedule;
  schedule.add(NodeName("a"), Uid("u"), kStart);
  schedule.remove(NodeName("a"));
  CHECK(schedule.next() == TimePoint::max());
  CHECK_FALSE(schedule.take(kStart));
}

TEST_CASE("LeaseSchedule: a fleet that comes at once is spread and stays so", "[edgecontroller]") {
  constexpr int kFleet = 3000;
  LeaseSchedule schedule;
  for (int i = 0; i < kFleet; ++i) {
    schedule.add(NodeName("n" + std::to_string(i)), Uid("u"), kStart);
  }
  const auto early = take_until(schedule, kStart + LeaseSchedule::kSpread / 10);
  CHECK(early.size() <= kFleet / 10 + 1);  // no burst
  const auto rest = take_until(schedule, kStart + LeaseSchedule::kSpread + 1s);
  CHECK(early.size() + rest.size() == kFleet);  // and nobody waits for long
  const auto later = take_until(schedule, kStart + std::chrono::minutes(5));
  CHECK(later.size() == kFleet);
  for (const auto& [node, times] : later) {
    for (std::size_t i = 1; i < times.size(); ++i) {
      CHECK(times[i] - times[i - 1] <= kNodeLeaseRenewInterval + 1s);
    }
  }
}
