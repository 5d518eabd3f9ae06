// Jobs on the real API: every finished Pod is counted once, and they end as Kubernetes says it.
#include "cloudcore/standalone/controllers/job.h"

#include "cloudcore/standalone/controllers/job_plan.h"
#include "cloudcore/standalone/controllers/job_pods.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using test::ControllerScene;

json job_of(const std::string& more) {
  json out = json::parse(R"({"metadata":{"name":"work"},"spec":{"parallelism":1,"completions":1,
    "backoffLimit":6,"completionMode":"NonIndexed","manualSelector":true,
    "selector":{"matchLabels":{"job":"work"}},
    "template":{"metadata":{"labels":{"job":"work"}},"spec":{"restartPolicy":"Never",
      "containers":[{"name":"c","image":"1"}]}}}})");
  out["spec"].update(json::parse(more));
  return out;
}

struct Scene : ControllerScene {
  explicit Scene(const std::string& more = "{}") {
    add(make_job_controller(client, world()));
    add(make_ttl_after_finished(client, world()));
    create(resources::kJobs, job_of(more).dump());
    settle();
  }
  json status() { return get(resources::kJobs, "work")["status"]; }
  std::string condition(const char* type) {
    const json seen = status();
    for (const json& each : k8s::fields::list(seen, "conditions")) {
      if (each["type"] == type && each["status"] == "True") return each["reason"];
    }
    return "";
  }
  std::vector<std::string> active() {
    std::vector<std::string> out;
    for (const json& pod : list(resources::kPods)) {
      const std::string phase = pod["status"].value("phase", "");
      if (phase != "Succeeded" && phase != "Failed" &&
          !pod["metadata"].contains("deletionTimestamp")) {
        out.push_back(pod["metadata"]["name"]);
      }
    }
    return out;
  }
  void end_all(const char* phase, int exit_code = 0) {
    for (const std::string& name : active()) end(name, phase, exit_code);
    settle();
  }
};

TEST_CASE("Job: runs to its end, tells so, and holds no Pod", "[standalone]") {
  Scene scene;
  REQUIRE(scene.active().size() == 1);
  CHECK(scene.status()["active"] == 1);
  CHECK(scene.status()["ready"] == 0);
  CHECK(scene.list(resources::kPods)[0]["metadata"]["finalizers"][0] == kJobFinalizer);
  scene.end_all("Succeeded");
  CHECK(scene.condition("SuccessCriteriaMet") == "CompletionsReached");
  CHECK(scene.condition("Complete") == "CompletionsReached");
  const json status = scene.status();
  CHECK(status["succeeded"] == 1);
  CHECK(status["uncountedTerminatedPods"] == json::object());
  CHECK(status.contains("completionTime"));
  CHECK_FALSE(status.contains("active"));
  CHECK_FALSE(scene.list(resources::kPods)[0]["metadata"].contains("finalizers"));
  CHECK(scene.has_event("Completed: Job completed"));
}

TEST_CASE("Job: parallelism, completions, and no Pod too many", "[standalone]") {
  Scene scene(R"({"parallelism":3,"completions":5})");
  CHECK(scene.active().size() == 3);
  scene.end_all("Succeeded");
  CHECK(scene.active().size() == 2);
  CHECK(scene.status()["succeeded"] == 3);
  scene.end_all("Succeeded");
  CHECK(scene.status()["succeeded"] == 5);
  CHECK(scene.condition("Complete") == "CompletionsReached");
  CHECK(scene.list(resources::kPods).size() == 5);
}

TEST_CASE("Job: failures are retried ever later, up to the limit", "[standalone]") {
  Scene scene(R"({"backoffLimit":2})");
  for (const Duration delay : {10s, 20s}) {
    scene.end_all("Failed", 1);
    CHECK(scene.active().empty());
    scene.loop.run_for(delay - 3s);
    CHECK(scene.active().empty());
    scene.loop.run_for(4s);
    CHECK(scene.active().size() == 1);
  }
  scene.end_all("Failed", 1);
  CHECK(scene.status()["failed"] == 3);
  CHECK(scene.condition("FailureTarget") == "BackoffLimitExceeded");
  CHECK(scene.condition("Failed") == "BackoffLimitExceeded");
  CHECK(scene.has_event("BackoffLimitExceeded: Job has reached the specified backoff limit"));
  scene.loop.run_for(1h);
  CHECK(scene.active().empty());
}

TEST_CASE("Job: every index once", "[standalone]") {
  Scene scene(R"({"parallelism":2,"completions":4,"completionMode":"Indexed"})");
  auto pods = scene.list(resources::kPods);
  REQUIRE(pods.size() == 2);
  CHECK(index_of(pods[0]) == 0);
  CHECK(index_of(pods[1]) == 1);
  CHECK(pods[1]["spec"]["hostname"] == "work-1");
  CHECK(pods[1]["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX");
  scene.end(pods[1]["metadata"]["name"], "Succeeded");
  scene.settle();
  CHECK(scene.status()["completedIndexes"] == "1");
  scene.end(pods[0]["metadata"]["name"], "Failed", 1);
  scene.settle();
  scene.loop.run_for(12s);
  scene.end_all("Succeeded");
  scene.end_all("Succeeded");
  CHECK(scene.status()["completedIndexes"] == "0-3");
  CHECK(scene.status()["succeeded"] == 4);
  CHECK(scene.status()["failed"] == 1);
  CHECK(scene.condition("Complete") == "CompletionsReached");
}

TEST_CASE("Job: is suspended and goes on; what it cut does not count", "[standalone]") {
  Scene scene(R"({"parallelism":2,"completions":2})");
  scene.patch(resources::kJobs, "work", R"({"spec":{"suspend":true}})");
  scene.settle();
  scene.finish_deletions();
  scene.settle();
  CHECK(scene.active().empty());
  CHECK(scene.condition("Suspended") == "JobSuspended");
  CHECK_FALSE(scene.status().contains("failed"));
  scene.patch(resources::kJobs, "work", R"({"spec":{"suspend":false}})");
  scene.settle();
  CHECK(scene.active().size() == 2);
  CHECK(scene.condition("Suspended") == "");
  CHECK(scene.has_event("Resumed: Job resumed"));
}

TEST_CASE("Job: a deadline ends it with all its Pods", "[standalone]") {
  Scene scene(R"({"activeDeadlineSeconds":60})");
  scene.loop.run_for(58s);
  CHECK(scene.active().size() == 1);
  scene.loop.run_for(3s);
  CHECK(scene.condition("FailureTarget") == "DeadlineExceeded");
  scene.finish_deletions();
  scene.settle();
  CHECK(scene.condition("Failed") == "DeadlineExceeded");
  CHECK(scene.list(resources::kPods).empty());
}

TEST_CASE("Job: goes some time after its end", "[standalone]") {
  Scene scene(R"({"ttlSecondsAfterFinished":100})");
  scene.end_all("Succeeded");
  scene.loop.run_for(98s);
  CHECK_FALSE(scene.get(resources::kJobs, "work")["metadata"].contains("deletionTimestamp"));
  scene.loop.run_for(4s);
  // Foreground: the garbage collector, which is not here, ends its Pods and then the Job.
  CHECK(scene.get(resources::kJobs, "work")["metadata"].contains("deletionTimestamp"));
}

TEST_CASE("Job: when it is deleted with its Pods left, they are no longer held", "[standalone]") {
  Scene scene;
  const std::string pod = scene.active().at(0);
  Removal orphan;
  orphan.propagation = "Background";
  scene.remove(resources::kJobs, "work", orphan);
  scene.settle();
  CHECK_FALSE(scene.get(resources::kPods, pod)["metadata"].contains("finalizers"));
}

// ---- the plan -----------------------------------------------------------------------------------

constexpr WallTime kNow{std::chrono::hours(1000)};

json finished(const char* uid, const char* phase, bool tracked, int exit_code = 1) {
  json out = {
      {"metadata", {{"uid", uid}, {"name", uid}, {"namespace", "n"}}},
      {"status",
       {{"phase", phase},
        {"containerStatuses",
         json::array({{{"name", "c"}, {"state", {{"terminated", {{"exitCode", exit_code}}}}}}})}}}};
  if (tracked) out["metadata"]["finalizers"] = {kJobFinalizer};
  return out;
}

TEST_CASE("plan_job: a Pod is named, then released, then counted, whatever is repeated",
          "[standalone]") {
  json job = job_of(R"({"completions":9})");
  const std::vector<json> held = {finished("a", "Succeeded", true), finished("b", "Failed", true)};
  const std::vector<json> freed = {finished("a", "Succeeded", false),
                                   finished("b", "Failed", false)};
  JobPlan plan = plan_job(job, held, kNow);
  CHECK(plan.status["uncountedTerminatedPods"] == json({{"succeeded", {"a"}}, {"failed", {"b"}}}));
  CHECK_FALSE(plan.status.contains("succeeded"));
  CHECK(plan.release.size() == 2);
  job["status"] = plan.status;
  CHECK(plan_job(job, held, kNow).status == plan.status);  // the finalizers are still there
  CHECK(plan_job(job, held, kNow).release.size() == 2);
  plan = plan_job(job, freed, kNow);
  CHECK(plan.status["succeeded"] == 1);
  CHECK(plan.status["failed"] == 1);
  CHECK(plan.status["uncountedTerminatedPods"] == json::object());
  job["status"] = plan.status;
  CHECK(plan_job(job, freed, kNow).status == plan.status);
  CHECK(plan_job(job, {}, kNow).status["succeeded"] == 1);  // and when the Pods have gone
}

struct PolicyRow {
  const char* what;
  const char* rule;
  int exit_code;
  const char* reason;  // why the Job ends; empty: it goes on
  const char* message;
  bool counts;
};

TEST_CASE("plan_job: the rules of a podFailurePolicy", "[standalone]") {
  const char* fail_on_42 =
      R"({"action":"FailJob","onExitCodes":{"containerName":"c","operator":"In","values":[42]}})";
  const PolicyRow rows[] = {
      {"the exit code that ends the Job", fail_on_42, 42, "PodFailurePolicy",
       "Container c for pod n/b failed with exit code 42 matching FailJob rule at index 0", true},
      {"another one", fail_on_42, 1, "", "", true},
      {"all but some", R"({"action":"Ignore","onExitCodes":{"operator":"NotIn","values":[1,2]}})",
       3, "", "", false},
      {"of another container",
       R"({"action":"Ignore","onExitCodes":{"containerName":"d","operator":"In","values":[1]}})", 1,
       "", "", true},
      {"a condition",
       R"({"action":"FailJob","onPodConditions":[{"type":"ConfigIssue","status":"True"}]})", 1,
       "PodFailurePolicy", "Pod n/b has condition ConfigIssue matching FailJob rule at index 0",
       true},
  };
  for (const PolicyRow& row : rows) {
    INFO(row.what);
    json job = job_of("{}");
    job["spec"]["podFailurePolicy"]["rules"] = json::array({json::parse(row.rule)});
    json pod = finished("b", "Failed", true, row.exit_code);
    pod["status"]["conditions"] = json::array({{{"type", "ConfigIssue"}, {"status", "True"}}});
    const JobPlan plan = plan_job(job, {pod}, kNow);
    CHECK(plan.status["uncountedTerminatedPods"].contains("failed") == row.counts);
    CHECK(plan.release.size() == 1);
    std::string reason;
    std::string message;
    for (const json& each : k8s::fields::list(plan.status, "conditions")) {
      if (each["type"] != "FailureTarget") continue;
      reason = each["reason"];
      message = each["message"];
    }
    CHECK(reason == row.reason);
    CHECK(message == row.message);
  }
}

TEST_CASE("format_indexes: as status.completedIndexes", "[standalone]") {
  CHECK(format_indexes({}) == "");
  CHECK(format_indexes({0, 1, 2, 5, 7, 8}) == "0-2,5,7,8");
  CHECK(parse_indexes("0-2,5,7,8", 10) == std::set<std::int64_t>{0, 1, 2, 5, 7, 8});
  CHECK(parse_indexes("0-2,5", 2) == std::set<std::int64_t>{0, 1});
  CHECK(parse_indexes("x,3-", 9).empty());
}

}  // namespace
}  // namespace skerry::standalone
