#include "cloudcore/standalone/controllers/disruption.h"

#include "cloudcore/standalone/controllers/disruption_plan.h"
#include "cloudcore/standalone/controllers/eviction.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

struct GoalCase {
  const char* spec;
  std::int64_t scales;
  std::int64_t pods;
  BudgetGoal goal;
};
const GoalCase kGoalCases[] = {
    {R"({"minAvailable":2})", 0, 5, {5, 2}},       {R"({"minAvailable":"50%"})", 5, 4, {5, 3}},
    {R"({"maxUnavailable":1})", 3, 2, {3, 2}},     {R"({"maxUnavailable":"30%"})", 10, 10, {10, 7}},
    {R"({"maxUnavailable":"25%"})", 3, 3, {3, 2}}, {R"({"maxUnavailable":9})", 3, 3, {3, 0}},
};

TEST_CASE("budget_goal: numbers and percentages, rounded up", "[standalone]") {
  for (const GoalCase& each : kGoalCases) {
    INFO(each.spec);
    const BudgetGoal goal = budget_goal({{"spec", json::parse(each.spec)}}, each.scales, each.pods);
    CHECK(goal.expected == each.goal.expected);
    CHECK(goal.healthy == each.goal.healthy);
  }
}

TEST_CASE("budget_status: an evicted Pod counts as gone until it is, or for two minutes",
          "[standalone]") {
  const json pod = {
      {"metadata", {{"name", "a"}}},
      {"status", {{"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
  json other = pod;
  other["metadata"]["name"] = "b";
  const std::vector<json> pods = {pod, other};
  const json budget = {{"metadata", {{"generation", 3}}},
                       {"status", {{"disruptedPods", {{"a", "2027-01-01T00:00:00Z"}}}}}};
  const WallTime since = *k8s::parse_time("2027-01-01T00:00:00Z");
  std::optional<Duration> again;
  json status = budget_status({budget, pods, {2, 1}, since + 60s}, again);
  CHECK(status["currentHealthy"] == 1);
  CHECK(status["disruptionsAllowed"] == 0);
  CHECK(status["observedGeneration"] == 3);
  CHECK(status["conditions"][0]["reason"] == "InsufficientPods");
  CHECK(again == Duration(60s));
  status = budget_status({budget, pods, {2, 1}, since + 120s}, again);
  CHECK(status["disruptionsAllowed"] == 1);
  CHECK(status["conditions"][0]["reason"] == "SufficientPods");
  CHECK_FALSE(status.contains("disruptedPods"));
}

// ---- on the API ---------------------------------------------------------------------------------

class Scene : public test::ControllerScene {
 public:
  Scene() : eviction_(client, world()) {
    add(make_disruption_controller(client, world()));
    for (const char* name : {"a", "b", "c"}) {
      create(resources::kPods, R"({"metadata":{"name":")" + std::string(name) +
                                   R"(","labels":{"app":"web"}},"spec":{"nodeName":"n",
                                   "containers":[{"name":"c","image":"i"}]}})");
      set_ready(name);
    }
  }
  void add_budget(const std::string& name, const std::string& spec) {
    create(resources::kPodDisruptionBudgets, R"({"metadata":{"name":")" + name +
                                                 R"("},"spec":{"selector":{"matchLabels":{
                                                 "app":"web"}},)" +
                                                 spec + "}}");
    settle();
  }
  /// What a client is told: the code, and for errors the message and causes.
  std::string evict(const std::string& pod, json options = json::object()) {
    auto request = std::make_shared<ResourceRequest>();
    request->row = client.kinds().find({"", "v1"}, "pods");
    request->info.verb = "create";
    request->info.ns = "default";
    request->info.name = pod;
    auto sent = std::make_shared<ApiRequest>();
    sent->content_type = "application/json";
    const json body = {{"apiVersion", "policy/v1"},
                       {"kind", "Eviction"},
                       {"metadata", {{"name", pod}}},
                       {"deleteOptions", options}};
    sent->body = body.dump();
    request->request = sent;
    const RestAnswer answer = loop.run(eviction_.handle(request));
    if (answer) return std::to_string(answer->status);
    std::string out = std::to_string(answer.error().code) + " " + answer.error().message;
    for (const json& each : fields::list(answer.error().details, "causes")) {
      out += " " + fields::text(each, "message");
    }
    return out;
  }
  json status(const std::string& name) {
    return fields::object(get(resources::kPodDisruptionBudgets, name), "status");
  }

 private:
  Eviction eviction_;
};

TEST_CASE("Eviction: a budget gives away what it can spare, and no more", "[standalone]") {
  Scene scene;
  scene.add_budget("b", R"("minAvailable":2)");
  CHECK(scene.status("b")["disruptionsAllowed"] == 1);
  CHECK(scene.evict("a", {{"dryRun", json::array({"All"})}}) == "201");
  CHECK(scene.status("b")["disruptionsAllowed"] == 1);
  CHECK(scene.evict("a") == "201");
  CHECK(scene.get(resources::kPods, "a")["metadata"].contains("deletionTimestamp"));
  CHECK(scene.evict("b").starts_with(
      "429 Cannot evict pod as it would violate the pod's disruption budget. The disruption "
      "budget b needs 2 healthy pods and has "));
  scene.settle();
  CHECK(scene.evict("b").ends_with("needs 2 healthy pods and has 2 currently"));
  CHECK(scene.evict("a") == "201");  // on its way out already
  const json conditions = scene.get(resources::kPods, "a")["status"]["conditions"];
  CHECK(conditions.back()["reason"] == "EvictionByEvictionAPI");
}

TEST_CASE("Eviction: without a budget, with two, and of a Pod that is not ready", "[standalone]") {
  Scene scene;
  CHECK(scene.evict("nobody").starts_with("404"));
  CHECK(scene.evict("a") == "201");
  scene.add_budget("b", R"("minAvailable":1)");
  scene.set_ready("b", false);
  scene.settle();
  CHECK(scene.evict("b") == "201");  // enough others are healthy
  scene.set_ready("c", false);
  scene.settle();
  CHECK(scene.evict("c").starts_with("429"));
  scene.patch(resources::kPodDisruptionBudgets, "b",
              R"({"spec":{"unhealthyPodEvictionPolicy":"AlwaysAllow"}})");
  scene.settle();
  CHECK(scene.evict("c", {{"gracePeriodSeconds", 0}}) == "201");
  CHECK(scene.get(resources::kPods, "c").is_null());
}

TEST_CASE("Disruption: the replicas of the Pods' controllers, a Deployment's once",
          "[standalone]") {
  Scene scene;
  const json deployment = scene.create(resources::kDeployments, R"({"metadata":{"name":"d"},
      "spec":{"replicas":4,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{
      "labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  const auto owned_by = [](const json& owner) {
    const json reference = {{"apiVersion", "apps/v1"},
                            {"kind", owner["kind"]},
                            {"name", owner["metadata"]["name"]},
                            {"uid", owner["metadata"]["uid"]},
                            {"controller", true}};
    return json::array({reference}).dump();
  };
  const json set = scene.create(resources::kReplicaSets, R"({"metadata":{"name":"d-1",
      "ownerReferences":)" + owned_by(deployment) + R"(},"spec":{"replicas":2,"selector":{
      "matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{
      "containers":[{"name":"c","image":"i"}]}}}})");
  for (const char* name : {"a", "b", "c"}) {
    scene.patch(resources::kPods, name,
                R"({"metadata":{"ownerReferences":)" + owned_by(set) + "}}");
  }
  scene.add_budget("b", R"("maxUnavailable":2)");
  CHECK(scene.status("b")["expectedPods"] == 4);
  CHECK(scene.status("b")["desiredHealthy"] == 2);
  CHECK(scene.status("b")["disruptionsAllowed"] == 1);
}

}  // namespace
}  // namespace skerry::standalone
