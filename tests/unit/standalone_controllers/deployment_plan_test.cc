#include "cloudcore/standalone/controllers/deployment_plan.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

SetCount set(const char* name, std::int64_t wanted, std::int64_t available) {
  return {name, wanted, wanted, available, available};
}

std::string text_of(const std::vector<Resize>& plan) {
  std::string out;
  for (const Resize& each : plan) out += each.name + "=" + std::to_string(each.replicas) + " ";
  return out;
}

struct Row {
  const char* what;
  RolloutLimits limits;  // recreate, replicas, surge, unavailable
  SetCount current;
  std::vector<SetCount> olds;
  const char* wanted;
};

TEST_CASE("plan_rollout: the next step of every kind of rollout", "[standalone]") {
  const Row rows[] = {
      {"a first rollout is made at once", {false, 3, 1, 0}, set("new", 0, 0), {}, "new=3 "},
      {"nothing is left to do", {false, 3, 1, 0}, set("new", 3, 3), {set("old", 0, 0)}, ""},
      {"the new one may exceed by the surge",
       {false, 3, 1, 0},
       set("new", 0, 0),
       {set("old", 3, 3)},
       "new=1 "},
      {"an old one goes only for a new one that is available",
       {false, 3, 1, 0},
       set("new", 1, 0),
       {set("old", 3, 3)},
       ""},
      {"then it goes", {false, 3, 1, 0}, set("new", 1, 1), {set("old", 3, 3)}, "old=2 "},
      {"what may be missing goes first",
       {false, 4, 0, 2},
       set("new", 0, 0),
       {set("old", 4, 4)},
       "old=2 "},
      {"broken pods of old templates go before good ones",
       {false, 3, 1, 1},
       set("new", 1, 0),
       {set("broken", 1, 0), set("old", 2, 2)},
       "broken=0 "},
      {"a smaller Deployment", {false, 1, 1, 0}, set("new", 3, 3), {}, "new=1 "},
      {"Recreate ends the old first",
       {true, 2, 0, 0},
       set("new", 0, 0),
       {set("old", 2, 2)},
       "old=0 "},
      {"Recreate waits for their end",
       {true, 2, 0, 0},
       set("new", 0, 0),
       {{"old", 0, 1, 0, 0}},
       ""},
      {"Recreate then makes the new",
       {true, 2, 0, 0},
       set("new", 0, 0),
       {set("old", 0, 0)},
       "new=2 "},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(text_of(plan_rollout(row.limits, row.current, row.olds)) == row.wanted);
  }
}

TEST_CASE("rollout_limits: percentages round up for surge and down for what may be missing",
          "[standalone]") {
  const auto limits = [](const char* spec) { return rollout_limits(json::parse(spec)); };
  const RolloutLimits usual = limits(R"({"replicas":3})");
  CHECK(usual.max_surge == 1);
  CHECK(usual.max_unavailable == 0);
  const RolloutLimits half = limits(
      R"({"replicas":5,"strategy":{"rollingUpdate":{"maxSurge":"50%","maxUnavailable":"50%"}}})");
  CHECK(half.max_surge == 3);
  CHECK(half.max_unavailable == 2);
  const RolloutLimits stuck = limits(
      R"({"replicas":2,"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"10%"}}})");
  CHECK(stuck.max_unavailable == 1);  // else nothing could ever move
  CHECK(limits(R"({"strategy":{"type":"Recreate"}})").recreate);
}

TEST_CASE("deployment_status: conditions keep their times, and a rollout can be too slow",
          "[standalone]") {
  const WallTime start = WallTime(std::chrono::hours(1));
  json deployment = json::parse(
      R"({"metadata":{"name":"d","generation":4},"spec":{"replicas":2,"progressDeadlineSeconds":60}})");
  const auto condition = [](const json& status, const char* type) {
    for (const json& each : status["conditions"]) {
      if (each["type"] == type) return each;
    }
    return json();
  };
  json first = deployment_status(deployment, set("new", 2, 0), {}, start);
  CHECK(first["observedGeneration"] == 4);
  CHECK(first["unavailableReplicas"] == 2);
  CHECK_FALSE(first.contains("availableReplicas"));
  CHECK(condition(first, "Available")["reason"] == "MinimumReplicasUnavailable");
  CHECK(condition(first, "Progressing")["reason"] == "ReplicaSetUpdated");

  deployment["status"] = first;
  CHECK(deployment_status(deployment, set("new", 2, 0), {}, start + 30s) == first);
  const json late = deployment_status(deployment, set("new", 2, 0), {}, start + 61s);
  CHECK(condition(late, "Progressing")["reason"] == "ProgressDeadlineExceeded");
  CHECK(condition(late, "Progressing")["status"] == "False");

  const json done = deployment_status(deployment, set("new", 2, 2), {}, start + 40s);
  CHECK(condition(done, "Progressing")["reason"] == "NewReplicaSetAvailable");
  CHECK(condition(done, "Available")["status"] == "True");
}

TEST_CASE("template_hash: tells templates apart, and spells nothing", "[standalone]") {
  const json one = {{"spec", {{"nodeName", "a"}}}};
  const json two = {{"spec", {{"nodeName", "b"}}}};
  CHECK(template_hash(one, 0) == template_hash(one, 0));
  CHECK(template_hash(one, 0) != template_hash(two, 0));
  CHECK(template_hash(one, 0) != template_hash(one, 1));
  CHECK(template_hash(one, 0).find_first_of("aeiou013") == std::string::npos);
  json labelled = one;
  labelled["metadata"]["labels"]["pod-template-hash"] = "x";
  CHECK(same_template(one, labelled) == false);  // one has no labels at all
  json bare = one;
  bare["metadata"]["labels"] = json::object();
  CHECK(same_template(bare, labelled));
}

}  // namespace
}  // namespace skerry::standalone
