#include "edgecore/edged/pod_state.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/actual_builder.h"

using namespace skerry;
using namespace skerry::edged;
using namespace std::chrono_literals;

TEST_CASE("PodRecord: what is written is read back", "[edged]") {
  PodRecord record;
  record.start_time = kNoon;
  record.terminal_phase = "Failed";
  record.reason = "DeadlineExceeded";
  record.status_hash = "00ff";
  record.finalised = true;
  ContainerRecord& app = record.containers["app"];
  app.attempt = 7;
  app.id = "abc";
  app.seen_running = true;
  app.started = kNoon - 5s;
  app.end = ContainerEnd{"abc", 137, "OOMKilled", "said \xff binary", kNoon - 5s, kNoon};
  app.backoff = {40s, kNoon};
  app.probe_ready = true;
  record.conditions["Ready"] = {"False", "PodFailed", "", kNoon};

  const Result<PodRecord> read = decode_pod_record(encode_pod_record(record));
  REQUIRE(read);
  PodRecord expected = record;
  expected.containers["app"].end->message = "said \xef\xbf\xbd binary";  // not UTF-8: replaced
  CHECK(*read == expected);
  CHECK(decode_pod_record("[1]").error().code == Code::kMalformed);
  CHECK(decode_pod_record(R"({"containers":5,"later":{"release":1}})"));
}

TEST_CASE("record_from_seed: a pod that the API calls finished is finished here", "[edged]") {
  const Result<PodRecord> record = record_from_seed(R"({
    "phase":"Succeeded","startTime":"2024-05-01T10:00:00Z",
    "containerStatuses":[{"name":"app","restartCount":3,"containerID":"containerd://abc",
      "state":{"terminated":{"exitCode":0,"reason":"Completed","containerID":"containerd://abc",
               "finishedAt":"2024-05-01T10:00:05Z"}}}]})");
  REQUIRE(record);
  CHECK(record->terminal());
  CHECK(record->containers.at("app").attempt == 3);
  CHECK(record->containers.at("app").end->container_id == "abc");
  CHECK(record_from_seed(R"({"phase":"Pending"})")->terminal() == false);
  CHECK_FALSE(record_from_seed("nonsense"));
}

TEST_CASE("absorb: ends become last ends, losses become unknown", "[edged]") {
  Scene scene;
  scene.sandbox("s0").exited("app", 1);
  (void)scene.plan();
  CHECK(scene.record.containers["app"].end->reason == "Error");
  scene.runs("app", 1);
  (void)scene.plan();
  const ContainerRecord& running = scene.record.containers["app"];
  CHECK(running.attempt == 1);
  CHECK_FALSE(running.end);
  CHECK(running.last_end->exit_code == 1);
  scene.actual = {};
  (void)scene.plan();
  CHECK(scene.record.containers["app"].end->exit_code == 137);
  CHECK(scene.record.containers["app"].end->reason == "ContainerStatusUnknown");
}
