#include "edgecore/edged/qos.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("QosClass: a table of pods as the kubelet classes them", "[edged]") {
  const Amount none;
  const Amount full = {"100m", "100m", "64Mi", "64Mi"};
  struct Row {
    const char* why;
    std::vector<Amount> containers;
    std::vector<Amount> init;
    QosClass want;
  };
  const Row rows[] = {
      {"nothing asked for", {none}, {}, QosClass::kBestEffort},
      {"zeros are nothing", {{"0", "0", "0", "0"}}, {}, QosClass::kBestEffort},
      {"all limits equal all requests", {full, full}, {}, QosClass::kGuaranteed},
      {"equal though spelled otherwise",
       {{"0.1", "100m", "65536Ki", "64Mi"}},
       {},
       QosClass::kGuaranteed},
      {"a limit above its request", {{"100m", "200m", "64Mi", "64Mi"}}, {}, QosClass::kBurstable},
      {"requests without limits", {{"100m", "", "64Mi", ""}}, {}, QosClass::kBurstable},
      {"memory alone", {{"", "", "64Mi", "64Mi"}}, {}, QosClass::kBurstable},
      {"one container without", {full, none}, {}, QosClass::kBurstable},
      {"an init container without", {full}, {none}, QosClass::kBurstable},
      {"init containers with", {full}, {full}, QosClass::kGuaranteed},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    PodSpec pod = sample_pod();
    for (const Amount& one : row.containers) pod.containers.push_back(sample_container("c", one));
    for (const Amount& one : row.init) pod.init_containers.push_back(sample_container("i", one));
    CHECK(to_string(qos_class(pod)) == to_string(row.want));
  }
}

TEST_CASE("OomScore: the less of its request a container may exceed, the later it dies",
          "[edged]") {
  constexpr std::int64_t kNode = std::int64_t{8} << 30;
  const auto score = [&](const Amount& amount) {
    const PodSpec pod = sample_pod({sample_container("c", amount)});
    return oom_score_adj(pod, pod.containers[0], kNode);
  };
  CHECK(score({}) == 1000);
  CHECK(score({"1", "1", "1Gi", "1Gi"}) == -997);
  CHECK(score({"", "", "4Gi", ""}) == 500);
  CHECK(score({"100m", "", "", ""}) ==
        999);                              // burstable that asks for no memory: below best effort
  CHECK(score({"", "", "8Gi", ""}) == 3);  // never below 1000 - 997
  CHECK(score({"", "", "900Ei", ""}) == 3);
}

TEST_CASE("OomScore: critical pods and sidecars", "[edged]") {
  constexpr std::int64_t kNode = 1000;
  PodSpec pod = sample_pod({sample_container("c", {"", "", "500", ""})});
  pod.init_containers.push_back(sample_container("side", {"", "", "100", ""}));
  pod.init_containers[0].sidecar = true;
  CHECK(oom_score_adj(pod, pod.containers[0], kNode) == 500);
  CHECK(oom_score_adj(pod, pod.init_containers[0], kNode) == 500);  // not before what it serves
  pod.priority_class = "system-node-critical";
  pod.priority = 2000001000;
  CHECK(oom_score_adj(pod, pod.containers[0], kNode) == -997);
}
