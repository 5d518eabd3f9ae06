#include "edgecore/edged/edged.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/edged_fixture.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

std::string spec_of(const std::string& name) {
  return R"("nodeName":"gateway-1","containers":[)" + container_json(name) + "]";
}

}  // namespace

TEST_CASE("Edged: a pod with the same name waits until its predecessor is gone", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["first"].ignores_sigterm = true;
  node.put("web", "uid-1", spec_of("first"));
  REQUIRE(node.within(1min, [&] { return node.runs("first"); }));
  node.put("web", "uid-2", spec_of("second"));
  node.loop.run_for(10s);
  CHECK(node.runs("first"));  // its grace is 30 s
  CHECK_FALSE(node.runs("second"));
  REQUIRE(node.within(1min, [&] { return node.runs("second"); }));
  CHECK_FALSE(node.runs("first"));
  CHECK(node.finalised("uid-1"));
  CHECK_FALSE(node.finalised("uid-2"));
}

TEST_CASE("Edged: a restart adopts what runs and ends what was removed meanwhile", "[edged]") {
  EdgedFixture node;
  node.put("a", "uid-a", spec_of("stays"));
  node.put("b", "uid-b", spec_of("goes"));
  REQUIRE(node.within(1min, [&] { return node.runs("stays") && node.runs("goes"); }));
  const std::string id = node.runtime.running("stays")->id;
  node.stop();
  node.disk.open();
  node.disk.commit(metamanager::changes({metamanager::remove_of(node.pod_key("b"), "uid-b")}));
  node.start();
  REQUIRE(node.within(1min, [&] { return !node.runs("goes"); }));
  node.loop.run_for(5min);
  CHECK(node.runtime.running("stays")->id == id);
  CHECK(node.runtime.starts["stays"] == 1);
  CHECK(node.finalised("uid-b"));
  CHECK(node.runtime.sandboxes.size() == 1);
}

TEST_CASE("Edged: pods that nobody knows go, once the cloud has said what it wants", "[edged]") {
  EdgedFixture node;
  node.put("a", "uid-a", spec_of("app"));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  node.stop();
  node.disk.disk.bytes("store.db").assign(4096, 'x');  // a damaged store: all is forgotten
  node.start();
  node.loop.run_for(5min);
  CHECK(node.runs("app"));
  node.edged->desired_set_is_known();
  REQUIRE(node.within(2min, [&] { return node.runtime.empty(); }));
  CHECK(node.leftovers() == std::vector<std::string>{});
}

TEST_CASE("Edged: a pod of another node's edged is left alone", "[edged]") {
  EdgedFixture node;
  node.put("a", "uid-a", spec_of("app"));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  auto& annotations = *node.runtime.sandboxes.begin()->second.config.mutable_annotations();
  annotations["skerry.io/node"] = "gateway-2";
  node.stop();
  node.disk.open();
  node.disk.commit(metamanager::changes({metamanager::remove_of(node.pod_key("a"), "uid-a")}));
  metamanager::Batch forgotten;
  forgotten.finalised.push_back(Uid("uid-a"));
  node.disk.commit(forgotten);
  node.start();
  node.edged->desired_set_is_known();
  node.loop.run_for(5min);
  CHECK(node.runs("app"));
}

TEST_CASE("Edged: an object that changed while edgecore was down reaches the pod", "[edged]") {
  EdgedFixture node;
  node.put_config_map("settings", R"({"a":"1"})");
  const std::string volume = R"(,"volumes":[{"name":"v","configMap":{"name":"settings"}}])";
  node.put("a", "uid-a",
           R"("nodeName":"gateway-1","containers":[)" +
               container_json("app", R"(,"volumeMounts":[{"name":"v","mountPath":"/v"}])") + "]" +
               volume);
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  const std::string file = node.runtime.running("app")->config.mounts(0).host_path() + "/a";
  CHECK(text_at(file) == "1");
  node.put_config_map("settings", R"({"a":"2"})");
  node.loop.run_for(1s);
  CHECK(text_at(file) == "2");
  node.stop();
  node.disk.open();
  const k8s::ObjectKey key = metamanager::key_of(k8s::Kind::kConfigMap, "settings");
  const std::string json = R"({"metadata":{"name":"settings","namespace":"default"},
                              "data":{"a":"3"}})";
  node.disk.commit(metamanager::changes(
      {metamanager::upsert_of(metamanager::object_of(key, "uid-settings", json))}));
  node.start();
  node.loop.run_for(1s);
  CHECK(text_at(file) == "3");
  CHECK(node.runtime.starts["app"] == 1);
}

TEST_CASE("Edged: what it tells of its pods", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["bad"] = {1s, 1};
  node.put("a", "uid-a", spec_of("app"));
  node.put("b", "uid-b", spec_of("bad"));
  REQUIRE(node.within(2min, [&] { return node.runtime.starts["bad"] == 2; }));
  node.loop.run_for(3s);
  const std::vector<PodSummary> pods = node.edged->pods();
  REQUIRE(pods.size() == 2);
  CHECK(pods[0].name == "a");
  CHECK(pods[0].phase == "Running");
  CHECK(pods[0].containers_ready == 1);
  CHECK(pods[0].ip == "10.0.0.9");
  CHECK(pods[1].reason == "CrashLoopBackOff");
  CHECK(pods[1].restarts == 1);
  CHECK(node.edged->log_dir("default", "a", Uid("uid-a")).ends_with("/logs/default_a_uid-a"));
}

TEST_CASE("Edged: the cloud's question is answered although nothing changed", "[edged]") {
  EdgedFixture node;
  node.put("a", "uid-a", spec_of("app"));
  REQUIRE(node.within(1min, [&] { return node.says("uid-a", R"("phase":"Running")"); }));
  node.loop.run_for(5s);
  metamanager::Batch done;
  for (const lane::Report& each : node.reports()) done.reports_done.push_back(each.seq);
  REQUIRE(node.loop.run(node.meta->commit(std::move(done))));
  node.loop.run_for(2min);
  CHECK(node.status("uid-a").empty());
  node.edged->report_again(node.pod_key("a"), Uid("uid-a"));
  node.edged->report_again(node.pod_key("b"), Uid("nobody"));
  node.loop.run_for(1s);
  CHECK(node.says("uid-a", R"("phase":"Running")"));
}
