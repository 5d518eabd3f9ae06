#include "common/k8s/object.h"

#include "common/base/units.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::k8s;

namespace {

const char kListItem[] = R"({
  "metadata": {"name": "web", "namespace": "default", "uid": "u-1", "resourceVersion": "17",
    "managedFields": [{"manager": "kubelet"}], "labels": {"b": "2", "a": "<1>"}},
  "spec": {"x": 1.0, "y": 1e3, "z": 18446744073709551615, "minus": -0, "small": -7, "big": 1E+3,
    "futureField": {"deep": [null, true, false, "\u00e4\u0001\n"]}},
  "status": {"phase": "Running"}})";
const char kWatchEvent[] = R"({"kind":"Pod","apiVersion":"v1",
  "status": {"phase": "Pending", "podIP": "10.0.0.7"},
  "spec": {"futureField": {"deep": [null, true, false, "ä\u0001\u000a"]}, "big": 1E+3,
    "small": -7, "z": 18446744073709551615, "y": 1e3, "x": 1.0, "minus": -0},
  "metadata": {"labels": {"a": "\u003c1\u003e", "b": "2"}, "uid": "u-1", "name": "web",
    "namespace": "default", "resourceVersion": "19"}})";

ObjectPtr made(Kind kind, std::string_view json) {
  auto object = make_object(kind, json);
  REQUIRE(object);
  return *object;
}
Code refusal(Kind kind, std::string_view json) {
  const auto object = make_object(kind, json);
  REQUIRE_FALSE(object);
  return object.error().code;
}
std::string pod_with(const std::string& spec, const std::string& status) {
  return R"({"metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"5"},"spec":)" +
         spec + R"(,"status":)" + status + "}";
}

}  // namespace

TEST_CASE("Object: list item, watch event and GET of one pod have one ContentVersion", "[k8s]") {
  const ObjectPtr item = made(Kind::kPod, kListItem);
  const ObjectPtr event = made(Kind::kPod, kWatchEvent);
  CHECK(*item->json == *event->json);
  CHECK(item->version == event->version);
  CHECK(item->key.text() == "pod/default/web");
  CHECK(item->uid == Uid("u-1"));
  CHECK(item->resource_version == ResourceVersion(17));
  CHECK(item->status_hash != event->status_hash);
  CHECK(made(Kind::kPod, *item->json)->version == item->version);  // canonical is a fixed point
}

TEST_CASE("Object: canonical bytes are sorted, compact and keep numbers and unknown fields",
          "[k8s]") {
  CHECK(*made(Kind::kPod, kListItem)->json ==
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"<1>","b":"2"},"name":"web",)"
        R"("namespace":"default","uid":"u-1"},"spec":{"big":1E+3,"futureField":{"deep":[null,true,)"
        R"(false,"ä\u0001\n"]},"minus":-0,"small":-7,"x":1.0,"y":1e3,"z":18446744073709551615}})");
}

TEST_CASE("Object: the last of equal keys wins", "[k8s]") {
  const auto json = canonical_json(R"({"a":1,"b":{"c":1,"c":2},"a":{"z":3}})");
  REQUIRE(json);
  CHECK(*json == R"({"a":{"z":3},"b":{"c":2}})");
}

TEST_CASE("Object: kinds whose status the edge owns lose status and resourceVersion", "[k8s]") {
  const ObjectPtr pod = made(Kind::kPod, kListItem);
  CHECK(pod->json->find("Running") == std::string::npos);
  CHECK(pod->json->find("resourceVersion") == std::string::npos);
  REQUIRE(pod->status_json);
  CHECK(*pod->status_json == R"({"phase":"Running"})");

  const ObjectPtr map = made(Kind::kConfigMap, R"({"metadata":{"name":"c","namespace":"n","uid":"u",
      "resourceVersion":"9","managedFields":[]},"data":{"k":"v"}})");
  CHECK(*map->json == R"({"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":)"
                      R"({"name":"c","namespace":"n","resourceVersion":"9","uid":"u"}})");
  CHECK_FALSE(map->status_json);
  CHECK(map->status_hash == StatusHash());
}

TEST_CASE("Object: a kind without an edge-owned status keeps its status as content", "[k8s]") {
  const ObjectPtr ns =
      made(Kind::kNamespace, R"({"metadata":{"name":"n","uid":"u"},"status":{"phase":"Active"}})");
  CHECK(ns->json->find(R"("status":{"phase":"Active"})") != std::string::npos);
  CHECK(ns->key.text() == "namespace/n");
}

TEST_CASE("Object: conditions named in readinessGates are content", "[k8s]") {
  const char spec[] =
      R"({"readinessGates":[{"conditionType":"b.io/x"},{"conditionType":"a.io/y"}]})";
  const char status[] = R"({"conditions":[{"type":"b.io/x","status":"True","reason":"r"},
      {"type":"Ready","status":"False"},{"type":"a.io/y","status":"False"}],"phase":"Running"})";
  const ObjectPtr pod = made(Kind::kPod, pod_with(spec, status));
  CHECK(pod->json->ends_with(R"("status":{"conditions":[{"status":"False","type":"a.io/y"},)"
                             R"({"status":"True","type":"b.io/x"}]}})"));
  const ObjectPtr without = made(Kind::kPod, pod_with(spec, R"({"phase":"Running"})"));
  CHECK(without->json->find("status") == std::string::npos);
  CHECK(pod->version != without->version);
  CHECK(pod->status_hash != without->status_hash);  // Ready is the edge's
}

TEST_CASE("Object: what cannot be a stored object is refused", "[k8s]") {
  CHECK(refusal(Kind::kPod, "") == Code::kMalformed);
  CHECK(refusal(Kind::kPod, "[]") == Code::kMalformed);
  CHECK(refusal(Kind::kPod, "{} x") == Code::kMalformed);
  CHECK(refusal(Kind::kPod, R"({"metadata":{"name":"a","namespace":"n"}})") == Code::kMalformed);
  CHECK(refusal(Kind::kPod, R"({"metadata":{"uid":"a","namespace":"n"}})") == Code::kMalformed);
  CHECK(refusal(Kind::kPod, R"({"metadata":{"uid":"a","name":"n"}})") == Code::kMalformed);
  CHECK(refusal(Kind::kNode, R"({"metadata":{"uid":"a","name":"n","namespace":"x"}})") ==
        Code::kMalformed);
  CHECK(
      refusal(Kind::kPod, R"({"kind":"Node","metadata":{"uid":"a","name":"n","namespace":"x"}})") ==
      Code::kMalformed);
  CHECK(refusal(Kind::kPod, pod_with("{}", "[]")) == Code::kMalformed);
  CHECK(refusal(Kind::kPod, pod_with("{\"a\":\"\xff\"}", "{}")) == Code::kMalformed);
  CHECK(refusal(Kind::kPod, pod_with("{\"a\":\"\xed\xa0\x80\"}", "{}")) == Code::kMalformed);
  CHECK(refusal(Kind::kPod, std::string(kObjectBytesMax + 1, ' ')) == Code::kTooLarge);
}

TEST_CASE("Object: depth is limited before anything recurses", "[k8s]") {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(canonical_json(nested(kJsonDepthMax)));
  const auto deeper = canonical_json(nested(kJsonDepthMax + 1));
  REQUIRE_FALSE(deeper);
  CHECK(deeper.error().code == Code::kTooLarge);
  CHECK(canonical_json(std::string(1'000'000, '[')).error().code == Code::kTooLarge);
  CHECK(canonical_json(std::string(5'000'000, ' ')).error().code == Code::kTooLarge);
}

TEST_CASE("Object: an error never quotes the input", "[k8s]") {
  const auto broken = make_object(Kind::kSecret, R"({"data":{"password":"hunter2)");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().what.find("hunter2") == std::string::npos);
}

TEST_CASE("Object: a received one is taken as it came", "[k8s]") {
  const ObjectPtr sent = made(Kind::kPod, kListItem);
  const ObjectPtr got =
      received_object(sent->key, sent->uid, sent->version, sent->resource_version, *sent->json);
  CHECK(got->version == sent->version);
  CHECK(*got->json == *sent->json);
  CHECK_FALSE(got->status_json);
}
