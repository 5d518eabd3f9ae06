// StatefulSets on the real API: ordinals, claims, rollouts.
#include "cloudcore/standalone/controllers/stateful_set.h"

#include "cloudcore/standalone/controllers/stateful_pods.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using test::ControllerScene;

json database() {
  return json::parse(R"({"metadata":{"name":"db"},"spec":{"replicas":3,"serviceName":"db",
  "podManagementPolicy":"OrderedReady","updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}},
  "persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain","whenScaled":"Retain"},
  "selector":{"matchLabels":{"app":"db"}},
  "template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"c","image":"1"}]}},
  "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],
    "resources":{"requests":{"storage":"1Gi"}}}}]}})");
}

struct Scene : ControllerScene {
  Scene() { add(make_stateful_set_controller(client, world())); }
  void round(int count = 1) {
    for (int i = 0; i < count; ++i) {
      settle();
      set_all_ready();
      finish_deletions();
    }
    settle();
  }
  void image(const char* tag) {
    patch(resources::kStatefulSets, "db",
          std::string(R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")") + tag +
              R"("}]}}}})");
  }
  std::string images() {
    std::string out;
    for (const json& pod : list(resources::kPods)) {
      out += pod["spec"]["containers"][0]["image"].get<std::string>();
    }
    return out;
  }
  json status() { return get(resources::kStatefulSets, "db")["status"]; }
};

TEST_CASE("StatefulSet: its Pods come one by one with their claims, and go in turn",
          "[standalone]") {
  Scene scene;
  scene.create(resources::kStatefulSets, database().dump());
  scene.settle();
  CHECK(scene.names(resources::kPods) == "db-0 ");
  CHECK(scene.names(resources::kPersistentVolumeClaims) == "data-db-0 ");
  const json first = scene.get(resources::kPods, "db-0");
  CHECK(first["spec"]["hostname"] == "db-0");
  CHECK(first["spec"]["subdomain"] == "db");
  CHECK(first["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "data-db-0");
  CHECK(first["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0");
  CHECK(scene.has_event(
      "SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success"));
  CHECK(scene.has_event("SuccessfulCreate: create Pod db-0 in StatefulSet db successful"));
  scene.round(1);
  CHECK(scene.names(resources::kPods) == "db-0 db-1 ");
  scene.round(2);
  CHECK(scene.names(resources::kPods) == "db-0 db-1 db-2 ");
  CHECK(scene.status()["readyReplicas"] == 3);
  CHECK(scene.status()["currentRevision"] == scene.status()["updateRevision"]);

  scene.patch(resources::kStatefulSets, "db", R"({"spec":{"replicas":1}})");
  scene.round(3);
  CHECK(scene.names(resources::kPods) == "db-0 ");
  CHECK(scene.names(resources::kPersistentVolumeClaims) == "data-db-0 data-db-1 data-db-2 ");
  CHECK(scene.has_event("SuccessfulDelete: delete Pod db-2 in StatefulSet db successful"));
}

TEST_CASE("StatefulSet: one that is not ready holds up those behind it; Parallel does not",
          "[standalone]") {
  Scene scene;
  json set = database();
  scene.create(resources::kStatefulSets, set.dump());
  scene.loop.run_for(5min);
  CHECK(scene.names(resources::kPods) == "db-0 ");

  Scene parallel;
  set["spec"]["podManagementPolicy"] = "Parallel";
  set["spec"]["ordinals"] = {{"start", 5}};
  parallel.create(resources::kStatefulSets, set.dump());
  parallel.settle();
  CHECK(parallel.names(resources::kPods) == "db-5 db-6 db-7 ");
}

TEST_CASE("StatefulSet: rolls over from the last to the partition, and is told complete after it",
          "[standalone]") {
  Scene scene;
  json set = database();
  set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1;
  scene.create(resources::kStatefulSets, set.dump());
  scene.round(4);
  scene.image("2");
  scene.settle();
  CHECK(scene.images() == "112");
  scene.round(3);
  CHECK(scene.images() == "122");
  CHECK(scene.status()["updatedReplicas"] == 2);
  CHECK(scene.status()["currentRevision"] != scene.status()["updateRevision"]);
  // A Pod below the partition comes back as it was.
  scene.remove(resources::kPods, "db-0");
  scene.round(1);
  CHECK(scene.images() == "122");
  scene.patch(resources::kStatefulSets, "db",
              R"({"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}})");
  scene.round(3);
  CHECK(scene.images() == "222");
  CHECK(scene.status()["currentRevision"] == scene.status()["updateRevision"]);
  CHECK(scene.status()["currentReplicas"] == 3);
}

TEST_CASE("StatefulSet: OnDelete replaces what the user deletes", "[standalone]") {
  Scene scene;
  json set = database();
  set["spec"]["updateStrategy"] = {{"type", "OnDelete"}};
  scene.create(resources::kStatefulSets, set.dump());
  scene.round(4);
  scene.image("2");
  scene.round(2);
  CHECK(scene.images() == "111");
  scene.remove(resources::kPods, "db-1");
  scene.round(2);
  CHECK(scene.images() == "121");
}

TEST_CASE("StatefulSet: a Pod that ended comes again under its name", "[standalone]") {
  Scene scene;
  scene.create(resources::kStatefulSets, database().dump());
  scene.round(3);
  const json before = scene.get(resources::kPods, "db-1");
  scene.end("db-1", "Failed", 1);
  scene.settle();
  const json after = scene.get(resources::kPods, "db-1");
  CHECK(after["metadata"]["uid"] != before["metadata"]["uid"]);
  CHECK(
      scene.has_event("RecreatingFailedPod: StatefulSet default/db is recreating failed Pod db-1"));
}

TEST_CASE("StatefulSet: minReadySeconds holds up the next Pod", "[standalone]") {
  Scene scene;
  json set = database();
  set["spec"]["minReadySeconds"] = 30;
  scene.create(resources::kStatefulSets, set.dump());
  scene.settle();
  scene.set_all_ready();
  scene.loop.run_for(29s);
  CHECK(scene.names(resources::kPods) == "db-0 ");
  CHECK(scene.status()["availableReplicas"] == 0);
  scene.loop.run_for(3s);
  CHECK(scene.names(resources::kPods) == "db-0 db-1 ");
  CHECK(scene.status()["availableReplicas"] == 1);
}

TEST_CASE("StatefulSet: claims go with their Pod or with the set, as their policy says",
          "[standalone]") {
  Scene scene;
  json set = database();
  set["spec"]["persistentVolumeClaimRetentionPolicy"] = {{"whenDeleted", "Delete"},
                                                         {"whenScaled", "Delete"}};
  scene.create(resources::kStatefulSets, set.dump());
  scene.round(4);
  const auto owner = [&](const char* claim) {
    const json object = scene.get(resources::kPersistentVolumeClaims, claim);
    const json& owners = k8s::fields::list(object["metadata"], "ownerReferences");
    return owners.empty() ? std::string() : owners[0]["kind"].get<std::string>();
  };
  CHECK(owner("data-db-2") == "StatefulSet");
  scene.patch(resources::kPods, "db-2", R"({"metadata":{"finalizers":["test/hold"]}})");
  scene.patch(resources::kStatefulSets, "db", R"({"spec":{"replicas":2}})");
  scene.settle();
  CHECK(owner("data-db-2") == "Pod");
  CHECK(owner("data-db-1") == "StatefulSet");
}

TEST_CASE("ordinal_of: only names that a set makes have one", "[standalone]") {
  CHECK(ordinal_of("db", "db-0") == 0);
  CHECK(ordinal_of("db", "db-12") == 12);
  for (const char* name :
       {"db", "db-", "db-01", "db-x", "db--1", "other-1", "db-1-2", "db-99999999999"}) {
    INFO(name);
    CHECK_FALSE(ordinal_of("db", name).has_value());
  }
}

}  // namespace
}  // namespace skerry::standalone
