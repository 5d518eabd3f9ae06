// CronJobs: when they are due, by zone and policy, and what they do on the real API.
#include "cloudcore/standalone/controllers/cron_job.h"

#include "cloudcore/standalone/controllers/cron_job_plan.h"
#include "cloudcore/standalone/controllers/job.h"
#include "common/k8s/time.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using test::ControllerScene;

WallTime at(const char* text) { return k8s::parse_time(text).value(); }

TimeZone zone(const char* name) {
  const auto loaded = TimeZone::load(name);
  REQUIRE(loaded.has_value());
  return *loaded;
}

std::string next_of(const char* schedule, const char* after, const char* where = "") {
  const auto parsed = parse_cron_schedule(schedule);
  if (!parsed) return parsed.error();
  const auto next = next_time(*parsed, at(after), zone(where));
  return next ? k8s::format_time(*next) : "never";
}

struct Row {
  const char* schedule;
  const char* after;
  const char* next;
  const char* where = "";
};

TEST_CASE("next_time: by every field, and by the clocks of a place", "[standalone]") {
  const Row rows[] = {
      {"* * * * *", "2027-01-15T08:00:00Z", "2027-01-15T08:01:00Z"},
      {"* * * * *", "2027-01-15T08:00:59Z", "2027-01-15T08:01:00Z"},
      {"*/15 * * * *", "2027-01-15T08:44:10Z", "2027-01-15T08:45:00Z"},
      {"5/20 * * * *", "2027-01-15T08:44:10Z", "2027-01-15T08:45:00Z"},
      {"0 9-17/4 * * *", "2027-01-15T14:00:00Z", "2027-01-15T17:00:00Z"},
      {"0 0 1 * *", "2027-01-15T08:00:00Z", "2027-02-01T00:00:00Z"},
      {"30 6 * JUL,aug mon-fri", "2027-01-15T08:00:00Z", "2027-07-01T06:30:00Z"},
      {"0 0 13 * 5", "2027-01-15T08:00:00Z", "2027-01-22T00:00:00Z"},  // the 13th or a Friday
      {"0 0 */2 * 5", "2027-01-15T08:00:00Z", "2027-01-17T00:00:00Z"},
      {"0 0 * * 0", "2027-01-15T08:00:00Z", "2027-01-17T00:00:00Z"},
      {"0 0 29 2 *", "2027-01-15T08:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 0 30 2 *", "2027-01-15T08:00:00Z", "never"},
      {"@hourly", "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"},
      {"@daily", "2027-01-15T08:00:00Z", "2027-01-16T00:00:00Z"},
      {"@weekly", "2027-01-15T08:00:00Z", "2027-01-17T00:00:00Z"},
      {"@monthly", "2027-01-15T08:00:00Z", "2027-02-01T00:00:00Z"},
      {"@yearly", "2027-01-15T08:00:00Z", "2028-01-01T00:00:00Z"},
      {"@every 90m", "2027-01-15T08:00:00Z", "2027-01-15T09:30:00Z"},
      // Berlin: UTC+1, in summer +2; the clocks change on 2027-03-28 and 2027-10-31.
      {"0 6 * * *", "2027-01-15T08:00:00Z", "2027-01-16T05:00:00Z", "Europe/Berlin"},
      {"0 6 * * *", "2027-07-15T08:00:00Z", "2027-07-16T04:00:00Z", "Europe/Berlin"},
      {"30 2 * * *", "2027-03-27T12:00:00Z", "2027-03-29T00:30:00Z", "Europe/Berlin"},
      {"30 2 * * *", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z", "Europe/Berlin"},
      {"30 2 * * *", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z", "Europe/Berlin"},
      {"0 0 * * *", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", "Europe/Berlin"},
      {"0 0 * * *", "2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z", "Europe/Berlin"},
      {"0 12 * * *", "2060-07-01T00:00:00Z", "2060-07-01T16:00:00Z", "America/New_York"},
      {"0 12 * * *", "2060-01-01T00:00:00Z", "2060-01-01T06:30:00Z", "Asia/Kolkata"},
  };
  for (const Row& row : rows) {
    INFO(row.schedule << " after " << row.after << " " << row.where);
    CHECK(next_of(row.schedule, row.after, row.where) == row.next);
  }
}

TEST_CASE("TimeZone: the rule behind the last transition, and what is no zone", "[standalone]") {
  const auto offset = [](const char* rule, const char* when) {
    const auto footer = parse_zone_footer(rule);
    REQUIRE(footer.has_value());
    return footer->standard + (when == std::string("daylight") ? footer->daylight : 0);
  };
  CHECK(offset("CET-1CEST,M3.5.0,M10.5.0/3", "") == 3600);
  CHECK(offset("<+0330>-3:30", "") == 12600);
  CHECK(offset("EST5EDT,M3.2.0,M11.1.0", "daylight") == -18000 - 14400);
  CHECK(parse_zone_footer("NZST-12NZDT,M9.5.0,M4.1.0/3").has_value());
  CHECK(parse_zone_footer("X1Y,J60/-1,300").has_value());
  for (const char* bad : {"", "CET", "CET-1CEST", "CET-1CEST,M3.5", "CET-1CEST,M13.5.0,M1.1.1"}) {
    INFO(bad);
    CHECK((!parse_zone_footer(bad).has_value() || std::string(bad) == "CET-1CEST"));
  }
  CHECK(TimeZone::load("Mars/Olympus").error().what == "unknown time zone Mars/Olympus");
  CHECK_FALSE(TimeZone::load("../../etc/passwd").has_value());
  CHECK_FALSE(TimeZone::parse("TZif2").has_value());
  CHECK_FALSE(TimeZone::parse(std::string(200, '\xff')).has_value());
}

TEST_CASE("cron_times: what is due and what comes next, over any gap", "[standalone]") {
  const auto times = [](const char* schedule, const char* earliest, const char* now) {
    const CronTimes out =
        cron_times(*parse_cron_schedule(schedule), TimeZone(), at(earliest), at(now));
    return (out.due ? k8s::format_time(*out.due) : "-") + " " +
           (out.next ? k8s::format_time(*out.next) : "-") + (out.many_missed ? " many" : "");
  };
  CHECK(times("0 * * * *", "2027-01-15T08:10:00Z", "2027-01-15T08:59:59Z") ==
        "- 2027-01-15T09:00:00Z");
  CHECK(times("0 * * * *", "2027-01-15T08:10:00Z", "2027-01-15T09:00:00Z") ==
        "2027-01-15T09:00:00Z 2027-01-15T10:00:00Z");
  CHECK(times("0 * * * *", "2027-01-15T08:10:00Z", "2027-01-15T14:30:00Z") ==
        "2027-01-15T14:00:00Z 2027-01-15T15:00:00Z");
  CHECK(times("* * * * *", "2026-01-15T08:10:00Z", "2027-01-15T14:30:10Z") ==
        "2027-01-15T14:30:00Z 2027-01-15T14:31:00Z many");
  CHECK(times("0 0 * * *", "2020-01-15T08:10:00Z", "2027-01-15T14:30:10Z") ==
        "2027-01-15T00:00:00Z 2027-01-16T00:00:00Z many");
}

// ---- on the API ---------------------------------------------------------------------------------

struct Scene : ControllerScene {
  explicit Scene(const std::string& more = "{}") {
    add(make_cron_job_controller(client, world()));
    add(make_job_controller(client, world()));
    json cron = json::parse(R"({"metadata":{"name":"tick"},"spec":{"schedule":"*/10 * * * *",
      "successfulJobsHistoryLimit":2,"failedJobsHistoryLimit":1,"concurrencyPolicy":"Allow",
      "jobTemplate":{"metadata":{"labels":{"l":"1"}},"spec":{"template":{"spec":{
      "restartPolicy":"Never","containers":[{"name":"c","image":"1"}]}}}}}})");
    cron["spec"].update(json::parse(more));
    create(resources::kCronJobs, cron.dump());
    settle();
  }
  json status() { return get(resources::kCronJobs, "tick")["status"]; }
  std::size_t active() { return k8s::fields::list(status(), "active").size(); }
  void complete_all() {
    for (const json& job : list(resources::kJobs)) {
      if (!job_is_over(job)) {
        const std::string now = k8s::format_time(loop.world.wall());
        json change = {{"status",
                        {{"completionTime", now},
                         {"startTime", now},
                         {"conditions", json::array({{{"type", "Complete"},
                                                      {"status", "True"},
                                                      {"lastTransitionTime", now}}})}}}};
        patch(resources::kJobs, job["metadata"]["name"], change.dump(), "status");
      }
    }
    settle();
  }
  static bool job_is_over(const json& job) {
    return !k8s::fields::list(k8s::fields::object(job, "status"), "conditions").empty();
  }
};

TEST_CASE("CronJob: a Job at every time, each once, with a history", "[standalone]") {
  Scene scene;
  CHECK(scene.list(resources::kJobs).empty());
  scene.loop.run_for(10min);
  REQUIRE(scene.list(resources::kJobs).size() == 1);
  const json job = scene.list(resources::kJobs)[0];
  CHECK(job["metadata"]["name"] == "tick-30000010");  // minutes since 1970
  CHECK(job["metadata"]["labels"]["l"] == "1");
  CHECK(job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] ==
        "2027-01-15T08:10:00Z");
  CHECK(scene.active() == 1);
  CHECK(scene.status()["lastScheduleTime"] == "2027-01-15T08:10:00Z");
  CHECK(scene.has_event("SuccessfulCreate: Created job tick-30000010"));
  for (int i = 0; i < 3; ++i) {
    scene.complete_all();
    scene.loop.run_for(10min);
  }
  CHECK(scene.names(resources::kJobs) == "tick-30000020 tick-30000030 tick-30000040 ");
  CHECK(scene.active() == 1);
  CHECK(scene.has_event("SawCompletedJob: Saw completed job: tick-30000010, condition: Complete"));
  CHECK(scene.has_event("SuccessfulDelete: Deleted job tick-30000010"));
  CHECK(scene.status()["lastSuccessfulTime"] == "2027-01-15T08:30:00Z");
}

TEST_CASE("CronJob: what it does while a Job runs is its policy's", "[standalone]") {
  Scene forbid(R"({"concurrencyPolicy":"Forbid"})");
  forbid.loop.run_for(21min);
  CHECK(forbid.list(resources::kJobs).size() == 1);
  CHECK(
      forbid.has_event("JobAlreadyActive: Not starting job because prior execution is running "
                       "and concurrency policy is Forbid"));

  Scene replace(R"({"concurrencyPolicy":"Replace"})");
  replace.loop.run_for(21min);
  CHECK(replace.names(resources::kJobs) == "tick-30000020 ");
  CHECK(replace.active() == 1);

  Scene allow;
  allow.loop.run_for(21min);
  CHECK(allow.list(resources::kJobs).size() == 2);
  CHECK(allow.active() == 2);
}

TEST_CASE("CronJob: suspended it misses its times; then the last one counts, if it is not too late",
          "[standalone]") {
  Scene scene(R"({"suspend":true})");
  scene.loop.run_for(35min);
  CHECK(scene.list(resources::kJobs).empty());
  scene.patch(resources::kCronJobs, "tick", R"({"spec":{"suspend":false}})");
  scene.settle();
  CHECK(scene.names(resources::kJobs) == "tick-30000030 ");

  Scene late(R"({"suspend":true,"startingDeadlineSeconds":60})");
  late.loop.run_for(35min);
  late.patch(resources::kCronJobs, "tick", R"({"spec":{"suspend":false}})");
  late.settle();
  CHECK(late.list(resources::kJobs).empty());
}

}  // namespace
}  // namespace skerry::standalone
