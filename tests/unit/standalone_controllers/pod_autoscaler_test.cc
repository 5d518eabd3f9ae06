// HorizontalPodAutoscalers without a source of metrics.
#include "cloudcore/standalone/controllers/pod_autoscaler.h"

#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using test::ControllerScene;

struct Scene : ControllerScene {
  Scene() { add(make_pod_autoscaler(client, world())); }
  void deployment(int replicas) {
    json object =
        json::parse(R"({"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},
      "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"1"}]}}}})");
    object["spec"]["replicas"] = replicas;
    create(resources::kDeployments, object.dump());
  }
  void scaler() {
    create(resources::kPodAutoscalers, R"({"metadata":{"name":"web"},"spec":{"minReplicas":2,
      "maxReplicas":4,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
      "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization",
      "averageUtilization":50}}}]}})");
    settle();
  }
  json condition(const char* type) {
    const json scaler = get(resources::kPodAutoscalers, "web");
    for (const json& each : scaler["status"]["conditions"]) {
      if (each["type"] == type) return each;
    }
    return json();
  }
  json replicas() { return get(resources::kDeployments, "web")["spec"]["replicas"]; }
};

TEST_CASE("HorizontalPodAutoscaler: says that there are no metrics", "[standalone]") {
  Scene scene;
  scene.deployment(3);
  scene.scaler();
  CHECK(scene.condition("AbleToScale")["reason"] == "SucceededGetScale");
  const json active = scene.condition("ScalingActive");
  CHECK(active["status"] == "False");
  CHECK(active["reason"] == "FailedGetResourceMetric");
  CHECK(active["message"] ==
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable "
        "to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the "
        "server could not find the requested resource (get pods.metrics.k8s.io)");
  CHECK(scene.replicas() == 3);
  scene.loop.run_for(1h);
  CHECK(scene.events().size() == 2);  // counted, not repeated
}

TEST_CASE("HorizontalPodAutoscaler: keeps its target within its bounds", "[standalone]") {
  Scene scene;
  scene.deployment(1);
  scene.scaler();
  CHECK(scene.replicas() == 2);
  CHECK(scene.has_event(
      "SuccessfulRescale: New size: 2; reason: Current number of replicas below Spec.MinReplicas"));
  scene.patch(resources::kDeployments, "web", R"({"spec":{"replicas":9}})");
  scene.loop.run_for(16s);
  CHECK(scene.replicas() == 4);
  CHECK(scene.condition("AbleToScale")["reason"] == "SucceededGetScale");
  scene.patch(resources::kDeployments, "web", R"({"spec":{"replicas":0}})");
  scene.loop.run_for(16s);
  CHECK(scene.replicas() == 0);
  CHECK(scene.condition("ScalingActive")["reason"] == "ScalingDisabled");
}

TEST_CASE("HorizontalPodAutoscaler: a target that is not there", "[standalone]") {
  Scene scene;
  scene.scaler();
  CHECK(scene.condition("AbleToScale")["reason"] == "FailedGetScale");
}

}  // namespace
}  // namespace skerry::standalone
