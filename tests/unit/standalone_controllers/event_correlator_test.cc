#include "cloudcore/standalone/controllers/event_correlator.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

constexpr WallTime kStart{std::chrono::hours(1000)};

Happening happening(int number, const char* subject = "Pod/a") {
  return {subject, "Normal", "Did", "thing " + std::to_string(number)};
}

TEST_CASE("EventCorrelator: the same again adds to the Event that is there", "[standalone]") {
  EventCorrelator events;
  const auto first = events.judge(happening(1), kStart);
  REQUIRE(first.has_value());
  CHECK(first->name.empty());
  events.noted(first->key, "a.1", 1);
  const auto again = events.judge(happening(1), kStart);
  CHECK(again->name == "a.1");
  CHECK(again->count == 2);
  CHECK(events.judge(happening(2), kStart)->name.empty());
  events.forget(first->key);
  CHECK(events.judge(happening(1), kStart)->name.empty());
}

TEST_CASE("EventCorrelator: many alike become one", "[standalone]") {
  EventCorrelator events;
  for (int i = 0; i < 9; ++i) CHECK(events.judge(happening(i), kStart)->message[0] == 't');
  const auto tenth = events.judge(happening(9), kStart);
  CHECK(tenth->message == "(combined from similar events): thing 9");
  events.noted(tenth->key, "a.x", 1);
  CHECK(events.judge(happening(11), kStart)->name == "a.x");
  CHECK(events.judge(happening(3), kStart)->message == "thing 3");  // one of the first nine
  CHECK(events.judge(happening(12), kStart + 11min)->message == "thing 12");
}

TEST_CASE("EventCorrelator: an object has 25 Events at once, then one in five minutes",
          "[standalone]") {
  EventCorrelator events;
  int written = 0;
  for (int i = 0; i < 100; ++i) written += events.judge(happening(i), kStart) ? 1 : 0;
  CHECK(written == 25);
  CHECK(events.judge(happening(1, "Pod/b"), kStart).has_value());
  CHECK_FALSE(events.judge(happening(1), kStart + 4min).has_value());
  CHECK(events.judge(happening(1), kStart + 5min).has_value());
  CHECK_FALSE(events.judge(happening(1), kStart + 5min).has_value());
}

}  // namespace
}  // namespace skerry::standalone
