// Deployments and ReplicaSets on the real API: what a person sees with kubectl.
#include "cloudcore/standalone/controllers/deployment.h"

#include "cloudcore/standalone/controllers/replica_set.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using test::ControllerScene;

constexpr const char* kWeb = R"({"metadata":{"name":"web","annotations":{"note":"1"}},"spec":{
  "replicas":3,"progressDeadlineSeconds":60,"revisionHistoryLimit":1,
  "selector":{"matchLabels":{"app":"web"}},
  "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"1"}]}}}})";

std::string image(const char* tag) {
  return std::string(R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")") + tag +
         R"("}]}}}})";
}

struct Scene : ControllerScene {
  Scene() {
    add(make_deployment_controller(client, world()));
    add(make_replica_set_controller(client, world()));
  }
  std::string reason(const char* type) {
    const json deployment = get(resources::kDeployments, "web");
    for (const json& each : deployment["status"]["conditions"]) {
      if (each["type"] == type) return each["reason"];
    }
    return "";
  }
  /// Pods come up and go until nothing changes.
  void roll(int rounds = 12) {
    for (int i = 0; i < rounds; ++i) {
      settle();
      set_all_ready();
      finish_deletions();
    }
    settle();
  }
  std::size_t pods_of_image(const char* tag) {
    std::size_t out = 0;
    for (const json& pod : list(resources::kPods)) {
      out += pod["spec"]["containers"][0]["image"] == tag ? 1U : 0U;
    }
    return out;
  }
};

TEST_CASE("Deployment: its first rollout, said by conditions and Events", "[standalone]") {
  Scene scene;
  scene.create(resources::kDeployments, kWeb);
  scene.settle();
  REQUIRE(scene.list(resources::kPods).size() == 3);
  CHECK(scene.reason("Progressing") == "ReplicaSetUpdated");
  CHECK(scene.reason("Available") == "MinimumReplicasUnavailable");
  const json set = scene.list(resources::kReplicaSets).at(0);
  const std::string name = set["metadata"]["name"];
  CHECK(set["metadata"]["annotations"]["note"] == "1");
  CHECK(set["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"] == "4");
  CHECK(set["metadata"]["generation"] == 1);
  CHECK(scene.has_event("ScalingReplicaSet: Scaled up replica set " + name + " from 0 to 3"));
  CHECK(scene.has_event("SuccessfulCreate: Created pod: " +
                        std::string(scene.list(resources::kPods)[0]["metadata"]["name"])));
  scene.roll(1);
  CHECK(scene.reason("Progressing") == "NewReplicaSetAvailable");
  CHECK(scene.get(resources::kDeployments, "web")["status"]["availableReplicas"] == 3);
  const json before = scene.get(resources::kDeployments, "web");
  scene.loop.run_for(std::chrono::hours(1));
  CHECK(scene.get(resources::kDeployments, "web") == before);  // idle: no write
}

TEST_CASE("Deployment: rolls over, forgets the oldest sets, and comes back to an earlier one",
          "[standalone]") {
  Scene scene;
  scene.create(resources::kDeployments, kWeb);
  scene.roll(2);
  for (const char* tag : {"2", "3"}) {
    scene.patch(resources::kDeployments, "web", image(tag));
    scene.settle();
    CHECK(scene.list(resources::kPods).size() == 4);  // the surge
    scene.roll();
    CHECK(scene.pods_of_image(tag) == 3);
    CHECK(scene.list(resources::kPods).size() == 3);
  }
  CHECK(scene.list(resources::kReplicaSets).size() == 2);  // revisionHistoryLimit 1
  scene.patch(resources::kDeployments, "web", image("2"));
  scene.roll();
  CHECK(scene.pods_of_image("2") == 3);
  const json deployment = scene.get(resources::kDeployments, "web");
  CHECK(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "4");
  bool history = false;
  for (const json& set : scene.list(resources::kReplicaSets)) {
    const json& notes = set["metadata"]["annotations"];
    history = history || notes.value("deployment.kubernetes.io/revision-history", "") == "2";
  }
  CHECK(history);
}

TEST_CASE("Deployment: a rollout that does not move is too slow at its deadline", "[standalone]") {
  Scene scene;
  scene.create(resources::kDeployments, kWeb);
  scene.loop.run_for(59s);
  CHECK(scene.reason("Progressing") == "ReplicaSetUpdated");
  scene.loop.run_for(3s);
  CHECK(scene.reason("Progressing") == "ProgressDeadlineExceeded");
  scene.roll(1);
  CHECK(scene.reason("Progressing") == "NewReplicaSetAvailable");
}

TEST_CASE("Deployment: paused it is only scaled; resumed it rolls", "[standalone]") {
  Scene scene;
  scene.create(resources::kDeployments, kWeb);
  scene.roll(2);
  scene.patch(resources::kDeployments, "web", R"({"spec":{"paused":true,"replicas":5}})");
  scene.patch(resources::kDeployments, "web", image("2"));
  scene.roll(2);
  CHECK(scene.pods_of_image("1") == 5);
  CHECK(scene.reason("Progressing") == "DeploymentPaused");
  scene.patch(resources::kDeployments, "web", R"({"spec":{"paused":null}})");
  scene.roll();
  CHECK(scene.pods_of_image("2") == 5);
  CHECK(scene.reason("Progressing") == "NewReplicaSetAvailable");
}

TEST_CASE("Deployment: Recreate waits until the old Pods have ended", "[standalone]") {
  Scene scene;
  scene.create(resources::kDeployments, kWeb);
  scene.roll(2);
  scene.patch(resources::kDeployments, "web",
              R"({"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}})");
  scene.patch(resources::kPods, scene.list(resources::kPods)[0]["metadata"]["name"],
              R"({"metadata":{"finalizers":["test/hold"]}})");
  scene.patch(resources::kDeployments, "web", image("2"));
  scene.loop.run_for(10s);
  REQUIRE(scene.list(resources::kPods).size() == 1);  // held
  CHECK(scene.pods_of_image("2") == 0);
  scene.patch(resources::kPods, scene.list(resources::kPods)[0]["metadata"]["name"],
              R"({"metadata":{"finalizers":null}})");
  scene.loop.run_for(2s);
  CHECK(scene.pods_of_image("2") == 3);
}

TEST_CASE("ReplicaSet: adopts orphans, lets go of what it no longer selects, ends its own first",
          "[standalone]") {
  Scene scene;
  scene.create(resources::kPods, R"({"metadata":{"name":"orphan","labels":{"app":"a"}},
      "spec":{"containers":[{"name":"c","image":"1"}]}})");
  scene.create(resources::kReplicaSets, R"({"metadata":{"name":"a"},"spec":{"replicas":2,
      "selector":{"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},
      "spec":{"containers":[{"name":"c","image":"1"}]}}}})");
  scene.settle();
  CHECK(scene.list(resources::kPods).size() == 2);  // one was made, one adopted
  const json orphan = scene.get(resources::kPods, "orphan");
  CHECK(orphan["metadata"]["ownerReferences"][0]["name"] == "a");

  scene.patch(resources::kPods, "orphan", R"({"metadata":{"labels":{"app":"b"}}})");
  scene.settle();
  CHECK(scene.list(resources::kPods).size() == 3);
  CHECK_FALSE(scene.get(resources::kPods, "orphan")["metadata"].contains("ownerReferences"));

  std::string cheap;
  for (const json& pod : scene.list(resources::kPods)) {
    if (pod["metadata"]["name"] != "orphan") cheap = pod["metadata"]["name"];
  }
  scene.patch(
      resources::kPods, cheap,
      R"({"metadata":{"annotations":{"controller.kubernetes.io/pod-deletion-cost":"-1"}}})");
  scene.patch(resources::kReplicaSets, "a", R"({"spec":{"replicas":1}})");
  scene.settle();
  CHECK(scene.get(resources::kPods, cheap).is_null());
  CHECK(scene.has_event("SuccessfulDelete: Deleted pod: " + cheap));
}

TEST_CASE("ReplicaSet: says in its status why it makes no Pods, until it does", "[standalone]") {
  Scene scene;
  scene.refuse_pods = true;
  scene.create(resources::kDeployments, kWeb);
  scene.settle();
  CHECK(scene.reason("ReplicaFailure") == "FailedCreate");
  const std::string said = scene.events().at(0);
  CHECK(said.starts_with("FailedCreate: Error creating: pods are refused (x"));
  scene.refuse_pods = false;
  scene.loop.run_for(2min);
  CHECK(scene.list(resources::kPods).size() == 3);
  CHECK(scene.reason("ReplicaFailure") == "");
}

}  // namespace
}  // namespace skerry::standalone
