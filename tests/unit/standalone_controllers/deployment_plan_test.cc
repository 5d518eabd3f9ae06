#include "cloudcore/standalone/controllers/deployment_plan.h"

#include "cloudcore/standalone/controllers/deployment_status.h"

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
  bool old_pods = false;
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
       {{"old", 0, 0, 0, 0}},
       "",
       true},
      {"Recreate then makes the new",
       {true, 2, 0, 0},
       set("new", 0, 0),
       {set("old", 0, 0)},
       "new=2 "},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(text_of(plan_rollout(row.limits, row.current, row.olds, row.old_pods)) == row.wanted);
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

json stored_set(const char* name, std::int64_t wanted, std::int64_t available, const char* image) {
  return {{"metadata",
           {{"name", name},
            {"annotations",
             {{"deployment.kubernetes.io/desired-replicas", std::to_string(wanted)},
              {"deployment.kubernetes.io/max-replicas", std::to_string(wanted + 1)}}}}},
          {"spec", {{"replicas", wanted}, {"template", {{"spec", {{"image", image}}}}}}},
          {"status",
           {{"replicas", wanted}, {"readyReplicas", available}, {"availableReplicas", available}}}};
}

json condition_of(const json& status, const char* type) {
  for (const json& each : status["conditions"]) {
    if (each["type"] == type) return each;
  }
  return json();
}

TEST_CASE("deployment_status: conditions keep their times, and a rollout can be too slow",
          "[standalone]") {
  const WallTime start = WallTime(std::chrono::hours(1));
  json deployment = json::parse(
      R"({"metadata":{"name":"d","generation":4},"spec":{"replicas":2,"progressDeadlineSeconds":60}})");
  const auto with = [](json set) { return DeploymentSets{std::move(set), {}}; };
  deployment["status"] = with_progress(deployment, made_set("new", start));
  json first = deployment_status(deployment, with(stored_set("new", 2, 0, "a")), true, start);
  CHECK(first["observedGeneration"] == 4);
  CHECK(first["unavailableReplicas"] == 2);
  CHECK_FALSE(first.contains("availableReplicas"));
  CHECK(condition_of(first, "Available")["reason"] == "MinimumReplicasUnavailable");
  CHECK(condition_of(first, "Progressing")["reason"] == "ReplicaSetUpdated");
  CHECK(condition_of(first, "Progressing")["message"] == "ReplicaSet \"new\" is progressing.");

  deployment["status"] = first;
  const DeploymentSets stuck = with(stored_set("new", 2, 0, "a"));
  CHECK(deployment_status(deployment, stuck, true, start + 30s) == first);
  CHECK(until_too_slow(deployment, first, start + 20s) == Duration(40s));
  const json late = deployment_status(deployment, stuck, true, start + 61s);
  CHECK(condition_of(late, "Progressing")["reason"] == "ProgressDeadlineExceeded");
  CHECK(condition_of(late, "Progressing")["status"] == "False");
  CHECK(deployment_status(deployment, stuck, false, start + 61s) == first);  // not judged

  const json done =
      deployment_status(deployment, with(stored_set("new", 2, 2, "a")), true, start + 40s);
  CHECK(condition_of(done, "Progressing")["reason"] == "NewReplicaSetAvailable");
  CHECK(condition_of(done, "Available")["status"] == "True");
  CHECK_FALSE(until_too_slow(deployment, done, start + 200s).has_value());
}

TEST_CASE("deployment_status: says why a set cannot make its Pods, and says so no longer",
          "[standalone]") {
  json deployment = json::parse(R"({"metadata":{"name":"d"},"spec":{"replicas":1}})");
  json set = stored_set("new", 1, 0, "a");
  set["status"]["conditions"] = json::array({{{"type", "ReplicaFailure"},
                                              {"status", "True"},
                                              {"reason", "FailedCreate"},
                                              {"message", "quota"}}});
  deployment["status"] = deployment_status(deployment, {set, {}}, true, WallTime());
  const json failed = condition_of(deployment["status"], "ReplicaFailure");
  CHECK(failed["message"] == "quota");
  CHECK(condition_of(deployment["status"], "Progressing").is_null());  // without a deadline
  set["status"].erase("conditions");
  const json fine = deployment_status(deployment, {set, {}}, true, WallTime());
  CHECK(condition_of(fine, "ReplicaFailure").is_null());
}

TEST_CASE("pause_condition: a pause is said once, and so is its end", "[standalone]") {
  json deployment = json::parse(
      R"({"metadata":{"name":"d"},"spec":{"paused":true,"progressDeadlineSeconds":60}})");
  const json paused = pause_condition(deployment, WallTime());
  CHECK(paused["reason"] == "DeploymentPaused");
  deployment["status"] = with_progress(deployment, paused);
  CHECK(pause_condition(deployment, WallTime()).is_null());
  deployment["spec"].erase("paused");
  const json resumed = pause_condition(deployment, WallTime());
  CHECK(resumed["message"] == "Deployment is resumed");
  deployment["status"] = with_progress(deployment, resumed);
  CHECK(pause_condition(deployment, WallTime()).is_null());
}

struct ScaleRow {
  const char* what;
  std::int64_t replicas;
  std::int64_t surge;
  std::optional<SetCount> current;
  std::vector<SetCount> olds;
  const char* wanted;
};

SetCount sized(const char* name, std::int64_t wanted, std::int64_t available, std::int64_t most) {
  SetCount out = set(name, wanted, available);
  out.sized_for = most;
  return out;
}

TEST_CASE("plan_scale: every set in proportion while a rollout is under way", "[standalone]") {
  const ScaleRow rows[] = {
      {"the only set", 5, 1, sized("new", 3, 3, 4), {}, "new=5 "},
      {"no set yet", 5, 1, std::nullopt, {}, ""},
      {"only an old one is left", 4, 1, std::nullopt, {sized("old", 2, 2, 3)}, "old=4 "},
      {"all are empty: the current one",
       4,
       1,
       sized("new", 0, 0, 0),
       {sized("old", 0, 0, 0)},
       "new=4 "},
      {"a whole rollout ends the old ones",
       2,
       1,
       sized("new", 2, 2, 3),
       {sized("old", 1, 1, 3)},
       "new=2 old=0 "},
      {"both grow by their share",
       20,
       2,
       sized("new", 3, 1, 12),
       {sized("old", 9, 9, 12)},
       "old=17 new=5 "},
      {"both shrink by their share",
       5,
       1,
       sized("new", 3, 1, 11),
       {sized("old", 8, 8, 11)},
       "old=4 new=2 "},
      {"to nothing", 0, 1, sized("new", 1, 0, 4), {sized("old", 3, 3, 4)}, "old=0 new=0 "},
  };
  for (const ScaleRow& row : rows) {
    INFO(row.what);
    const RolloutLimits limits{false, row.replicas, row.surge, 0};
    CHECK(text_of(plan_scale(limits, row.current, row.olds)) == row.wanted);
  }
}

TEST_CASE("DeploymentSets: which set is current, how they are numbered, what is forgotten",
          "[standalone]") {
  json deployment = json::parse(R"({"metadata":{"name":"d","annotations":{"a":"1",
      "deployment.kubernetes.io/revision":"9"}},
      "spec":{"replicas":2,"minReadySeconds":5,"template":{"spec":{"image":"b"}}}})");
  std::vector<json> all;
  for (const char* image : {"a", "b", "c"}) {
    json each = stored_set(image, 0, 0, image);
    each["metadata"]["annotations"][kRevisionAnnotation] = std::to_string(all.size() + 1);
    all.push_back(each);
  }
  const DeploymentSets sets = sort_sets(all, deployment["spec"]["template"]);
  REQUIRE(sets.current.has_value());
  CHECK((*sets.current)["metadata"]["name"] == "b");
  CHECK(next_revision(sets) == 4);
  const json change = current_set_patch(deployment, *sets.current, 4);
  const json& annotations = change["metadata"]["annotations"];
  CHECK(annotations["a"] == "1");
  CHECK(annotations[kRevisionAnnotation] == "4");
  CHECK(annotations["deployment.kubernetes.io/revision-history"] == "2");
  CHECK(change["spec"]["minReadySeconds"] == 5);

  const auto gone = sets_to_forget(sets, 1);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0]["metadata"]["name"] == "a");
  CHECK(sets_to_forget(sets, 2).empty());
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
  CHECK(same_template(one, labelled));  // no labels are the same as none
  json bare = one;
  bare["metadata"]["labels"] = json::object();
  CHECK(same_template(bare, labelled));
}

}  // namespace
}  // namespace skerry::standalone
