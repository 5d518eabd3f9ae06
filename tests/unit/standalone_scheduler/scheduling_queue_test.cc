#include "cloudcore/standalone/scheduler/scheduling_queue.h"

#include "cloudcore/standalone/scheduler/node_fit.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

constexpr unsigned kRoom = static_cast<unsigned>(FitRule::kRoom);
constexpr unsigned kVolumes = static_cast<unsigned>(FitRule::kVolumes);

TEST_CASE("SchedulingQueue: by priority, then by age", "[standalone]") {
  SchedulingQueue queue;
  const TimePoint start{};
  queue.add("old", 0, start);
  queue.add("young", 0, start + 1s);
  queue.add("important", 5, start + 2s);
  CHECK(queue.take(start + 2s) == "important");
  CHECK(queue.take(start + 2s) == "old");
  CHECK(queue.take(start + 2s) == "young");
  CHECK_FALSE(queue.take(start + 2s).has_value());
}

TEST_CASE("SchedulingQueue: what failed waits for an event that can help it", "[standalone]") {
  SchedulingQueue queue;
  const TimePoint start{};
  queue.add("a", 0, start);
  queue.take(start);
  queue.failed("a", kRoom, start);
  queue.on_event(kVolumes, start + 2s);
  CHECK_FALSE(queue.take(start + 2s).has_value());
  queue.on_event(kRoom, start + 2s);
  CHECK(queue.take(start + 2s) == "a");
  queue.failed("a", kRoom, start + 2s);
  CHECK(queue.next_due() == start + 2s + kUnschedulableMax);  // without any event
  CHECK(queue.take(start + 2s + kUnschedulableMax) == "a");
}

TEST_CASE("SchedulingQueue: tries come ever later, up to a limit", "[standalone]") {
  SchedulingQueue queue;
  TimePoint now{};
  queue.add("a", 0, now);
  for (const auto delay : {1s, 2s, 4s, 8s, 10s, 10s}) {
    REQUIRE(queue.take(now) == "a");
    queue.failed("a", kRoom, now);
    queue.on_event(kRoom, now);
    CHECK(queue.next_due() == now + delay);
    now += delay;
  }
}

TEST_CASE("SchedulingQueue: an event while a Pod is being tried is not lost", "[standalone]") {
  SchedulingQueue queue;
  const TimePoint start{};
  queue.add("a", 0, start);
  queue.take(start);
  queue.on_event(kRoom, start);
  queue.failed("a", kRoom, start);
  CHECK(queue.next_due() == start + kBackoffFirst);
  queue.remove("a");
  CHECK(queue.next_due() == TimePoint::max());
  CHECK(queue.size() == 0);
}

}  // namespace
}  // namespace skerry::standalone
