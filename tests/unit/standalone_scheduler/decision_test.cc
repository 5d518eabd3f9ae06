// Whole decisions: which Node, or why none, or who has to go.
#include "cloudcore/standalone/scheduler/decision.h"

#include "tests/support/catch.h"
#include "tests/support/manual_world.h"
#include "tests/unit/standalone_scheduler/cluster_builder.h"

namespace skerry::standalone {
namespace {

/// Three Nodes in two zones: a1, a2, b1.
class Scene {
 public:
  Scene() {
    cluster.put_node(make_node("a1", R"({"zone":"a"})"));
    cluster.put_node(make_node("a2", R"({"zone":"a"})"));
    cluster.put_node(make_node("b1", R"({"zone":"b"})"));
    cluster.put_namespace("default", {{"kubernetes.io/metadata.name", "default"}});
    cluster.put_namespace("other", {{"team", "x"}});
  }
  Decision decide(const json& pod) {
    cluster.put_pod(read_pod(pod));
    const auto stored = [&](const std::string& key) -> std::optional<json> {
      const auto found = objects.find(key);
      if (found == objects.end()) return std::nullopt;
      return found->second;
    };
    VolumeObjects volumes;
    volumes.claim = [=](const std::string&, const std::string& name) { return stored(name); };
    volumes.volume = stored;
    volumes.storage_class = stored;
    volumes.volumes = [this] { return persistent_volumes; };
    Decider decider(cluster, volumes, world_.world());
    return decider.decide(*cluster.pod("default/" + pod["metadata"]["name"].get<std::string>()),
                          [this] { return limits; });
  }

  ClusterState cluster;
  std::map<std::string, json> objects;
  std::vector<json> persistent_volumes;
  std::vector<DisruptionLimit> limits;

 private:
  test::ManualWorld world_;
};

const char* const kWithWeb = R"({"requiredDuringSchedulingIgnoredDuringExecution":[
  {"labelSelector":{"matchLabels":{"app":"web"}},"topologyKey":"zone"}]})";

json with_affinity(const char* kind, const char* terms) {
  json pod = make_pod("p");
  pod["spec"]["affinity"][kind] = json::parse(terms);
  return pod;
}

TEST_CASE("Decider: Pods go where others are, or are not", "[standalone]") {
  Scene scene;
  CHECK(scene.decide(with_affinity("podAffinity", kWithWeb))
            .why.starts_with(
                "0/3 nodes are available: 3 node(s) didn't match pod affinity rules. no new"));
  place(scene.cluster, make_pod("web", "{}", R"({"app":"web"})"), "b1");
  CHECK(scene.decide(with_affinity("podAffinity", kWithWeb)).node == "b1");
  CHECK(scene.decide(with_affinity("podAntiAffinity", kWithWeb)).node.starts_with("a"));
  place(scene.cluster, make_pod("web2", "{}", R"({"app":"web"})"), "a2");
  CHECK(scene.decide(with_affinity("podAntiAffinity", kWithWeb))
            .why.starts_with(
                "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules."));
}

TEST_CASE("Decider: the first Pod of a group that wants to be together finds a place",
          "[standalone]") {
  Scene scene;
  json first = with_affinity("podAffinity", kWithWeb);
  first["metadata"]["labels"] = {{"app", "web"}};
  CHECK_FALSE(scene.decide(first).node.empty());
}

TEST_CASE("Decider: a Pod that runs keeps others away from its zone", "[standalone]") {
  Scene scene;
  json alone = with_affinity("podAntiAffinity", kWithWeb);
  alone["metadata"]["name"] = "alone";
  place(scene.cluster, alone, "a1");
  CHECK(scene.decide(make_pod("web", "{}", R"({"app":"web"})")).node == "b1");
}

TEST_CASE("Decider: affinity reaches into the namespaces that a term names", "[standalone]") {
  json web = make_pod("web", "{}", R"({"app":"web"})");
  web["metadata"]["namespace"] = "other";
  Scene scene;
  place(scene.cluster, web, "b1");
  CHECK(scene.decide(with_affinity("podAffinity", kWithWeb)).node.empty());
  for (const char* where : {R"("namespaces":["other"])", R"("namespaceSelector":{})",
                            R"("namespaceSelector":{"matchLabels":{"team":"x"}})"}) {
    INFO(where);
    const std::string terms = R"({"requiredDuringSchedulingIgnoredDuringExecution":[{)" +
                              std::string(where) +
                              R"(,"labelSelector":{"matchLabels":{"app":"web"}},
                                 "topologyKey":"zone"}]})";
    CHECK(scene.decide(with_affinity("podAffinity", terms.c_str())).node == "b1");
  }
}

TEST_CASE("Decider: preferences decide among Nodes that fit", "[standalone]") {
  Scene scene;
  place(scene.cluster, make_pod("web", "{}", R"({"app":"web"})"), "b1");
  const char* pods = R"({"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,
      "podAffinityTerm":{"labelSelector":{"matchLabels":{"app":"web"}},"topologyKey":"zone"}}]})";
  const char* nodes = R"({"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,
      "preference":{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In",
      "values":["a2"]}]}}]})";
  CHECK(scene.decide(with_affinity("podAffinity", pods)).node == "b1");
  CHECK(scene.decide(with_affinity("nodeAffinity", nodes)).node == "a2");
  for (const char* disliked : {"a1", "b1"}) {
    scene.cluster.put_node(make_node(disliked, R"({"zone":"a"})",
                                     R"({"taints":[{"key":"k","effect":"PreferNoSchedule"}]})"));
  }
  CHECK(scene.decide(make_pod("p")).node == "a2");
}

TEST_CASE("Decider: the emptiest Node, and siblings apart", "[standalone]") {
  Scene scene;
  json big = make_pod("big");
  big["spec"]["containers"] = asking("1");
  place(scene.cluster, big, "a1");
  big["metadata"] = {{"name", "big2"}, {"namespace", "default"}, {"uid", "big2"}};
  place(scene.cluster, big, "b1");
  CHECK(scene.decide(make_pod("p")).node == "a2");

  Scene spread;
  json sibling = make_pod("s1");
  sibling["metadata"]["ownerReferences"] = {{{"uid", "set"}, {"controller", true}}};
  std::set<std::string> used;
  for (const char* name : {"s1", "s2", "s3"}) {
    sibling["metadata"]["name"] = sibling["metadata"]["uid"] = name;
    const std::string node = spread.decide(sibling).node;
    used.insert(node);
    place(spread.cluster, sibling, node);
  }
  CHECK(used.size() == 3);
}

TEST_CASE("Decider: topology spread", "[standalone]") {
  json pod = make_pod("p", R"({"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone",
      "whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}}}]})",
                      R"({"app":"web"})");
  json& constraint = pod["spec"]["topologySpreadConstraints"][0];
  Scene scene;
  place(scene.cluster, make_pod("w1", "{}", R"({"app":"web"})"), "a1");
  CHECK(scene.decide(pod).node == "b1");

  SECTION("Nodes without the key do not take it") {
    constraint["topologyKey"] = "rack";
    CHECK(scene.decide(pod).why.starts_with(
        "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints (missing "
        "required label)."));
  }
  SECTION("more domains are asked for than there are") {
    constraint["minDomains"] = 3;
    place(scene.cluster, make_pod("w2", "{}", R"({"app":"web"})"), "b1");
    CHECK(scene.decide(pod).why.starts_with(
        "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints."));
  }
  SECTION("only Pods of the same version count") {
    constraint["matchLabelKeys"] = {"version"};
    pod["metadata"]["labels"]["version"] = "2";
    CHECK_FALSE(scene.decide(pod).node.empty());
    for (const char* node : {"a1", "a2"}) {
      place(scene.cluster,
            make_pod(std::string("v2") + node, "{}", R"({"app":"web","version":"2"})"), node);
    }
    CHECK(scene.decide(pod).node == "b1");
  }
  SECTION("only a wish") {
    constraint["whenUnsatisfiable"] = "ScheduleAnyway";
    scene.cluster.remove_node("b1");
    scene.cluster.put_node(make_node("b1", "{}", R"({"unschedulable":true})"));
    CHECK_FALSE(scene.decide(pod).node.empty());
  }
}

TEST_CASE("Decider: a Pod of a DaemonSet names its Node", "[standalone]") {
  Scene scene;
  const char* named = R"({"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
      {"matchFields":[{"key":"metadata.name","operator":"In","values":["b1"]}]}]}})";
  CHECK(scene.decide(with_affinity("nodeAffinity", named)).node == "b1");
  scene.cluster.remove_node("b1");
  CHECK(scene.decide(with_affinity("nodeAffinity", named))
            .why.starts_with(
                "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."));
}

// ---- preemption ---------------------------------------------------------------------------------

/// Each Node runs one Pod of 1.5 CPUs: priorities 5, 3, 4.
void fill(Scene& scene) {
  int priority = 5;
  for (const char* node : {"a1", "a2", "b1"}) {
    json pod = make_pod(std::string("on-") + node, "{}", R"({"app":"low"})");
    pod["spec"]["containers"] = asking("1500m");
    pod["spec"]["priority"] = priority == 2 ? 4 : priority;
    place(scene.cluster, pod, node);
    priority = priority == 5 ? 3 : 2;
  }
}

json important(std::int64_t priority = 100) {
  json pod = make_pod("p");
  pod["spec"]["containers"] = asking("1");
  pod["spec"]["priority"] = priority;
  return pod;
}

TEST_CASE("Decider: the least important Pod makes room", "[standalone]") {
  Scene scene;
  fill(scene);
  const Decision decision = scene.decide(important());
  REQUIRE(decision.preemption);
  CHECK(decision.preemption->node == "a2");
  REQUIRE(decision.preemption->victims.size() == 1);
  CHECK(decision.preemption->victims[0]->name == "on-a2");
  CHECK(decision.why == "0/3 nodes are available: 3 Insufficient cpu.");
}

TEST_CASE("Decider: as few victims as possible, and those of a budget last", "[standalone]") {
  Scene scene;
  scene.cluster.remove_node("a1");
  scene.cluster.remove_node("b1");
  for (const char* name : {"x", "y", "z"}) {
    json pod = make_pod(name, "{}", R"({"app":"low"})");
    pod["spec"]["containers"] = asking("600m");
    pod["metadata"]["labels"]["name"] = name;
    place(scene.cluster, pod, "a2");
  }
  scene.limits.push_back(
      {"default", *k8s::LabelSelector::from_object({{"matchLabels", {{"name", "z"}}}}), 0, {}});
  json pod = important();
  pod["spec"]["containers"] = asking("1400m");
  const Decision decision = scene.decide(pod);
  REQUIRE(decision.preemption);
  CHECK(decision.preemption->violations == 0);
  REQUIRE(decision.preemption->victims.size() == 2);
  for (const auto& victim : decision.preemption->victims) CHECK(victim->name != "z");
}

TEST_CASE("Decider: no preemption where it cannot help or is not wanted", "[standalone]") {
  Scene scene;
  fill(scene);
  CHECK(scene.decide(important(1)).why ==
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 "
        "nodes are available: 3 No preemption victims found for incoming pod.");
  json never = important();
  never["spec"]["preemptionPolicy"] = "Never";
  CHECK(scene.decide(never).why ==
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: not "
        "eligible due to preemptionPolicy=Never.");
  json huge = important();
  huge["spec"]["containers"] = asking("50");
  const Decision decision = scene.decide(huge);
  CHECK_FALSE(decision.preemption);
  CHECK(decision.why.ends_with("3 Preemption is not helpful for scheduling."));
}

TEST_CASE("Decider: whose room is being made waits for its victims", "[standalone]") {
  Scene scene;
  fill(scene);
  json victim = make_pod("on-a2", "{}", R"({"app":"low"})");
  victim["spec"]["containers"] = asking("1500m");
  victim["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z";
  place(scene.cluster, victim, "a2");
  json pod = important();
  pod["status"]["nominatedNodeName"] = "a2";
  const Decision waits = scene.decide(pod);
  CHECK(waits.keep_nomination);
  CHECK(waits.why.ends_with("not eligible due to a terminating pod on the nominated node."));
  scene.cluster.remove_pod("default/on-a2");
  CHECK(scene.decide(pod).node == "a2");
}

// ---- volumes ------------------------------------------------------------------------------------

json claim(const char* spec, bool bound = false) {
  json out = {{"metadata", {{"name", "c"}, {"namespace", "default"}, {"uid", "c"}}},
              {"spec", json::parse(spec)}};
  if (bound) out["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes";
  return out;
}

const char* const kVolumeOnB1 = R"({"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},
    "accessModes":["ReadWriteOnce"],"storageClassName":"local","nodeAffinity":{"required":{
    "nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In",
    "values":["b1"]}]}]}}}})";

TEST_CASE("Decider: a Pod goes where its volumes are", "[standalone]") {
  Scene scene;
  const json pod =
      make_pod("p", R"({"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]})");
  CHECK(scene.decide(pod).why ==
        "0/3 nodes are available: persistentvolumeclaim \"c\" not found. not found");
  scene.objects["c"] = claim("{}");
  CHECK(scene.decide(pod).why ==
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found");
  scene.objects["v"] = json::parse(kVolumeOnB1);
  scene.objects["c"] = claim(R"({"volumeName":"v"})", true);
  CHECK(scene.decide(pod).node == "b1");
  scene.cluster.remove_node("b1");
  CHECK(scene.decide(pod).why.starts_with(
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity."));
}

TEST_CASE("Decider: a claim that waits for its first consumer is bound where the Pod goes",
          "[standalone]") {
  Scene scene;
  const json pod =
      make_pod("p", R"({"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]})");
  scene.objects["c"] = claim(R"({"storageClassName":"local","accessModes":["ReadWriteOnce"],
      "resources":{"requests":{"storage":"1Gi"}}})");
  scene.objects["local"] = {{"provisioner", "kubernetes.io/no-provisioner"},
                            {"volumeBindingMode", "WaitForFirstConsumer"}};
  CHECK(scene.decide(pod).why.starts_with(
      "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind."));
  scene.persistent_volumes.push_back(json::parse(kVolumeOnB1));
  const Decision decision = scene.decide(pod);
  CHECK(decision.node == "b1");
  REQUIRE(decision.volumes.waiting.size() == 1);
  CHECK(decision.volumes.waiting[0].candidates.size() == 1);
}

TEST_CASE("enough_nodes: of many Nodes a part is tried", "[standalone]") {
  CHECK(enough_nodes(3) == 3);
  CHECK(enough_nodes(100) == 100);
  CHECK(enough_nodes(500) == 230);
  CHECK(enough_nodes(5000) == 500);
  CHECK(enough_nodes(10'000) == 500);
}

}  // namespace
}  // namespace skerry::standalone
