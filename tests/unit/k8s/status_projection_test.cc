#include "common/k8s/object.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::k8s;

namespace {
std::string projected(Kind kind, std::string_view status) {
  auto out = status_projection(kind, status);
  REQUIRE(out);
  return *out;
}
}  // namespace

TEST_CASE("StatusProjection: a pod keeps what kubelet owns and nothing else", "[k8s]") {
  CHECK(
      projected(Kind::kPod, R"({
    "phase":"Running","message":"","nominatedNodeName":"x","observedGeneration":3,"hostIP":"1.2.3.4",
    "hostIPs":[{"ip":"1.2.3.4"}],"startTime":"2024-05-01T10:00:00.250Z","qosClass":"BestEffort",
    "conditions":[
      {"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2024-05-01T12:00:01+02:00"},
      {"type":"PodScheduled","status":"True"},
      {"type":"Initialized","status":"True","reason":"","message":"m"}],
    "containerStatuses":[
      {"name":"b","ready":false,"restartCount":0,"state":{"running":{"startedAt":"2024-05-01T10:00:05Z"}},"lastState":{}},
      {"name":"a","ready":true,"restartCount":2,"state":{"terminated":{"exitCode":0,"signal":0}},"future":1.0}],
    "initContainerStatuses":[],"ephemeralContainerStatuses":null})") ==
      R"({"conditions":[{"message":"m","status":"True","type":"Initialized"},)"
      R"({"lastTransitionTime":"2024-05-01T10:00:01Z","status":"True","type":"Ready"}],)"
      R"("containerStatuses":[{"future":1.0,"name":"a","ready":true,"restartCount":2},)"
      R"({"name":"b","state":{"running":{"startedAt":"2024-05-01T10:00:05Z"}}}],)"
      R"("hostIP":"1.2.3.4","hostIPs":[{"ip":"1.2.3.4"}],"phase":"Running","qosClass":"BestEffort",)"
      R"("startTime":"2024-05-01T10:00:00Z"})");
}

TEST_CASE("StatusProjection: a node's heartbeat changes nothing, its condition does", "[k8s]") {
  const auto with = [](const char* time, const char* ready) {
    return std::string(R"({"capacity":{"memory":"1024Ki","cpu":"2000m"},"conditions":[)") +
           R"({"type":"Ready","status":")" + ready + R"(","lastHeartbeatTime":")" + time +
           R"(","lastTransitionTime":")" + time +
           R"("},{"type":"NetworkUnavailable","status":"False"}],)" + R"("volumesInUse":["v"]})";
  };
  CHECK(
      projected(Kind::kNode, with("2024-05-01T10:00:00Z", "True")) ==
      R"({"capacity":{"cpu":"2","memory":"1Mi"},"conditions":[{"status":"True","type":"Ready"}]})");
  CHECK(status_hash(Kind::kNode, with("2024-05-01T10:00:00Z", "True")).value() ==
        status_hash(Kind::kNode, with("2024-05-01T10:05:00Z", "True")).value());
  CHECK(status_hash(Kind::kNode, with("2024-05-01T10:00:00Z", "True")).value() !=
        status_hash(Kind::kNode, with("2024-05-01T10:00:00Z", "Unknown")).value());
}

TEST_CASE("StatusProjection: the cloud's object and the edge's own status give one hash", "[k8s]") {
  const char status[] = R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})";
  const auto pod =
      make_object(Kind::kPod, std::string(R"({"metadata":{"name":"p","namespace":"n",)") +
                                  R"("uid":"u"},"status":)" + status + "}");
  REQUIRE(pod);
  CHECK((*pod)->status_hash == status_hash(Kind::kPod, status).value());
  const auto bare =
      make_object(Kind::kPod, R"({"metadata":{"name":"p","namespace":"n","uid":"u"}})");
  REQUIRE(bare);
  CHECK((*bare)->status_hash == status_hash(Kind::kPod, "{}").value());
}

TEST_CASE("StatusProjection: strange shapes are answered, never a crash", "[k8s]") {
  CHECK_FALSE(status_projection(Kind::kPod, "[]"));
  CHECK_FALSE(status_projection(Kind::kPod, "{"));
  CHECK(projected(Kind::kPod,
                  R"({"conditions":{"type":"Ready"},"containerStatuses":"x","hostIPs":7})") ==
        R"({"conditions":{"type":"Ready"},"containerStatuses":"x","hostIPs":7})");
  CHECK(projected(Kind::kPod, R"({"conditions":[1,null,"Ready",{"type":3}]})") == "{}");
  CHECK(projected(Kind::kNode, R"({"capacity":{"cpu":2,"memory":"many","x":null}})") ==
        R"({"capacity":{"cpu":2,"memory":"many"}})");
  CHECK(projected(Kind::kConfigMap, "{}").empty());
  CHECK(status_hash(Kind::kSecret, "{}").value() == StatusHash());
}
