#include "cloudcore/standalone/controllers/work_queue.h"

#include "cloudcore/standalone/controllers/owner_index.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

TEST_CASE("WorkQueue: a key waits once, at its earliest time", "[standalone]") {
  WorkQueue queue;
  const TimePoint start{};
  queue.add("b", start + 2s);
  queue.add("b", start + 1s);
  queue.add("b", start + 3s);
  queue.add("a", start);
  CHECK(queue.size() == 2);
  CHECK(queue.take(start) == "a");
  CHECK_FALSE(queue.take(start).has_value());
  CHECK(queue.next_due() == start + 1s);
  CHECK(queue.take(start + 1s) == "b");
  CHECK(queue.next_due() == TimePoint::max());
}

TEST_CASE("WorkQueue: failures come back ever later, up to a limit, until they are forgotten",
          "[standalone]") {
  WorkQueue queue;
  const TimePoint start{};
  const auto delay_of_retry = [&] {
    queue.retry("a", start);
    const Duration delay = queue.next_due() - start;
    queue.take(TimePoint::max());
    return delay;
  };
  CHECK(delay_of_retry() == kRetryDelayFirst);
  CHECK(delay_of_retry() == kRetryDelayFirst * 2);
  for (int i = 0; i < 20; ++i) delay_of_retry();
  CHECK(delay_of_retry() == kRetryDelayLast);
  queue.forget_failures("a");
  CHECK(delay_of_retry() == kRetryDelayFirst);
}

TEST_CASE("OwnerIndex: follows owners and dependents through every change", "[standalone]") {
  OwnerIndex index;
  StoredObject owner;
  owner.name = "owner";
  owner.uid = "o";
  StoredObject child;
  child.ns = "ns";
  child.name = "child";
  child.uid = "c";
  child.owners = {"o"};
  index.note("deployments.apps", nullptr, &owner);
  index.note("pods", nullptr, &child);
  REQUIRE(index.find("o") != nullptr);
  CHECK(index.find("o")->prefix == "deployments.apps");
  REQUIRE(index.dependents("o").size() == 1);
  CHECK(index.dependents("o")[0].place.name == "child");

  StoredObject freed = child;
  freed.owners.clear();
  index.note("pods", &child, &freed);
  CHECK(index.dependents("o").empty());
  index.note("pods", &freed, &child);
  index.note("deployments.apps", &owner, nullptr);
  CHECK(index.find("o") == nullptr);
  CHECK(index.dependents("o").size() == 1);  // whose owner has gone
}

}  // namespace
}  // namespace skerry::standalone
