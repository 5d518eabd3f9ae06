#include "cloudcore/edgecontroller/report_patches.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgecontroller;
using Json = nlohmann::json;

TEST_CASE("ReportPatches: a pod's status is bound to its uid and to a kubelet's fields",
          "[edgecontroller]") {
  const Json body = {
      {"phase", "Running"},
      {"podIPs", {{{"ip", "10.0.0.2"}}}},
      {"nominatedNodeName", "elsewhere"},
      {"conditions",
       {{{"type", "Ready"}, {"status", "True"}}, {{"type", "PodScheduled"}, {"status", "False"}}}}};
  const auto patch = pod_status_patch(Uid("u1"), body.dump());
  REQUIRE(patch);
  const Json out = Json::parse(*patch);
  CHECK(out["metadata"]["uid"] == "u1");
  CHECK(out["status"]["phase"] == "Running");
  CHECK_FALSE(out["status"].contains("nominatedNodeName"));
  REQUIRE(out["status"]["conditions"].size() == 1);
  CHECK(out["status"]["conditions"][0]["status"] == "True");
  CHECK(out["status"]["conditions"][0]["reason"].is_null());  // else the old one would stay
  CHECK(out["status"]["message"].is_null());                  // no longer reported: cleared
  CHECK(out["status"]["podIPs"][1]["$patch"] == "replace");
}

TEST_CASE("ReportPatches: a condition carries no directive to the API server", "[edgecontroller]") {
  const Json body = {
      {"conditions",
       {{{"type", "Ready"}, {"status", "True"}, {"$patch", "replace"}, {"$retainKeys", {"type"}}}}}};
  const Json pod = Json::parse(*pod_status_patch(Uid("u1"), body.dump()));
  const Json report = {{"status", body}};
  const auto node = node_report(NodeName("edge-1"), report.dump(), {}, WallTime{});
  REQUIRE(node);
  for (const Json& status : {pod["status"], Json::parse(node->status_patch)["status"]}) {
    REQUIRE(status["conditions"].size() == 1);
    CHECK(status["conditions"][0]["status"] == "True");
    CHECK_FALSE(status["conditions"][0].contains("$patch"));
    CHECK_FALSE(status["conditions"][0].contains("$retainKeys"));
  }
}

TEST_CASE("ReportPatches: a node cannot name itself, taint itself or take reserved labels",
          "[edgecontroller]") {
  const Json body = {
      {"status", {{"capacity", {{"cpu", "2"}}}}},
      {"registration",
       {{"metadata",
         {{"name", "other"},
          {"labels",
           {{"kubernetes.io/arch", "arm64"}, {"node-restriction.kubernetes.io/x", "1"}}}}},
        {"spec", {{"taints", {{{"key", "a"}}}}, {"providerID", "aws:///i-1"}}}}}};
  const auto report = node_report(NodeName("edge-1"), body.dump(), {{"site", "north"}}, WallTime{});
  REQUIRE(report);
  const Json node = Json::parse(report->registration);
  CHECK(node["metadata"]["name"] == "edge-1");
  CHECK(node["metadata"]["labels"]["kubernetes.io/arch"] == "arm64");
  CHECK(node["metadata"]["labels"]["site"] == "north");
  CHECK(node["metadata"]["labels"].contains("node-role.kubernetes.io/edge"));
  CHECK_FALSE(node["metadata"]["labels"].contains("node-restriction.kubernetes.io/x"));
  CHECK(node["spec"] == Json{{"providerID", "skerry://edge-1"}});
}

TEST_CASE("ReportPatches: an event's name makes a repeat the same event", "[edgecontroller]") {
  lane::Report report;
  report.seq = ReportSeq(7);
  report.kind = lane::ReportKind::kEvent;
  report.key = {k8s::Kind::kPod, "default", "web"};
  report.uid = Uid("u1");
  report.body = R"({"reason":"Started","message":"Started container","type":"Normal"})";
  const auto once = event_object(NodeName("edge-1"), StoreId("s"), report, WallTime{});
  const auto again = event_object(NodeName("edge-1"), StoreId("s"), report, WallTime{});
  REQUIRE(once);
  CHECK(Json::parse(*once)["metadata"] == Json::parse(*again)["metadata"]);
  report.seq = ReportSeq(8);
  const auto next = event_object(NodeName("edge-1"), StoreId("s"), report, WallTime{});
  CHECK(Json::parse(*once)["metadata"] != Json::parse(*next)["metadata"]);
}

TEST_CASE("ReportPatches: wrong types in a body never throw", "[edgecontroller]") {
  for (const char* bad : {"", "null", "[]", "\"x\"", "3", "{"}) {
    CHECK_FALSE(pod_status_patch(Uid("u1"), bad));
    CHECK_FALSE(node_report(NodeName("n"), bad, {}, WallTime{}));
  }
  CHECK(pod_status_patch(Uid("u1"), R"({"conditions":[3,{"type":4}],"podIPs":7})"));
  CHECK(node_report(NodeName("n"), R"({"status":[],"registration":{"metadata":{"labels":[1]}}})",
                    {}, WallTime{}));
  lane::Report report;
  report.key = {k8s::Kind::kPod, "default", "web"};
  report.body = R"({"reason":1,"message":{},"count":"many","type":[]})";
  CHECK(event_object(NodeName("n"), StoreId("s"), report, WallTime{}));
}

TEST_CASE("ReportPatches: reserved label domains", "[edgecontroller]") {
  CHECK(is_label_allowed("site"));
  CHECK(is_label_allowed("example.com/line"));
  CHECK(is_label_allowed("node-role.kubernetes.io/edge"));
  CHECK_FALSE(is_label_allowed("node-restriction.kubernetes.io/x"));
  CHECK_FALSE(is_label_allowed("kubernetes.io/hostname"));
  CHECK_FALSE(is_label_allowed("x.k8s.io/y"));
}
