#include "edgecore/edged/events.h"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/support/manual_world.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;
using nlohmann::json;

namespace {

struct Fixture {
  boost::asio::io_context loop;
  test::ManualWorld world;
  EventRecorder events{loop.get_executor(), world.world()};
  PodPtr pod = std::make_shared<PodSpec>(sample_pod({sample_container("app")}));

  void say(const std::string& message, const std::string& container = "app") {
    events.record({pod, container, EventType::kWarning, "BackOff", message});
  }
  std::vector<json> taken() {
    std::vector<json> out;
    for (const auto& report : events.take()) out.push_back(json::parse(report.body));
    return out;
  }
};

}  // namespace

TEST_CASE("Events: one event as the cloud reads it", "[edged]") {
  Fixture f;
  f.say("Back-off");
  const std::vector<json> said = f.taken();
  REQUIRE(said.size() == 1);
  const json& event = said.front();
  CHECK(event["type"] == "Warning");
  CHECK(event["reason"] == "BackOff");
  CHECK(event["message"] == "Back-off");
  CHECK(event["count"] == 1);
  CHECK(event["fieldPath"] == "spec.containers{app}");
  CHECK(event["firstTimestamp"] == event["lastTimestamp"]);
  CHECK(f.taken().empty());
}

TEST_CASE("Events: fieldPath names an init container, and nothing for the pod itself", "[edged]") {
  Fixture f;
  PodSpec pod = sample_pod({sample_container("app")});
  ContainerSpec setup = sample_container("setup");
  setup.init = true;
  pod.init_containers = {setup};
  f.pod = std::make_shared<PodSpec>(pod);
  f.say("one", "setup");
  f.say("two", "");
  const std::vector<json> said = f.taken();
  CHECK(said[0]["fieldPath"] == "spec.initContainers{setup}");
  CHECK_FALSE(said[1].contains("fieldPath"));
}

TEST_CASE("Events: equal ones are counted and said again every five minutes", "[edged]") {
  Fixture f;
  f.say("again");
  const std::string first = f.taken().front()["firstTimestamp"];
  for (int i = 0; i < 29; ++i) {
    f.world.advance(10s);
    f.say("again");
  }
  CHECK(f.taken().empty());
  f.world.advance(10s);
  f.say("again");
  const std::vector<json> said = f.taken();
  REQUIRE(said.size() == 1);
  CHECK(said.front()["count"] == 31);
  CHECK(said.front()["firstTimestamp"] == first);
  CHECK(said.front()["lastTimestamp"] != first);
}

TEST_CASE("Events: other words, containers and pods are other events", "[edged]") {
  Fixture f;
  f.say("a");
  f.say("b");
  f.say("a", "");
  PodSpec other = *f.pod;
  other.uid = Uid("another");
  f.pod = std::make_shared<PodSpec>(other);
  f.say("a");
  CHECK(f.taken().size() == 4);
}

TEST_CASE("Events: what waits and what is counted is limited; long messages are cut", "[edged]") {
  Fixture f;
  for (std::size_t i = 0; i < EventRecorder::kCountersMax + 50; ++i) {
    f.say("n" + std::to_string(i));
    f.world.advance(1ms);
  }
  const std::vector<json> said = f.taken();
  REQUIRE(said.size() == EventRecorder::kWaitingMax);
  CHECK(said.back()["message"] == "n549");  // the oldest were dropped
  f.say("n549");                            // still counted
  CHECK(f.taken().empty());
  f.say("n0");  // forgotten: new again
  CHECK(f.taken().size() == 1);
  f.say(std::string(5000, 'x'));
  CHECK(f.taken().front()["message"].get<std::string>().size() == EventRecorder::kMessageBytesMax);
}
