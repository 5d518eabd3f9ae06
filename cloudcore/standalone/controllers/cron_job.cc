#include "cloudcore/standalone/controllers/cron_job.h"

#include <map>

#include "cloudcore/standalone/controllers/cron_job_plan.h"
#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "cronjob-controller";

std::string name_of(const json& object) { return fields::text(object["metadata"], "name"); }

class CronJobController final : public Controller {
 public:
  CronJobController(ApiClient& client, seam::World world)
      : client_(client), world_(world), events_(client, world, kName) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    const auto of_job = [this](const StoredObject& job) {
      std::vector<std::string> out;
      const std::string key = client_.controller_key(resources::kCronJobs, job);
      if (!key.empty()) out.push_back(key);
      return out;
    };
    return {{resources::kCronJobs, own_key}, {resources::kJobs, of_job}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto found = client_.get(resources::kCronJobs, ns, name);
    if (!found) co_return LookAgain();
    const std::string uid = fields::text((*found)["metadata"], "uid");
    const auto jobs = client_.controlled(resources::kJobs, ns, uid);
    const auto cron = co_await tidy(*found, jobs);
    if (!cron) co_return ApiFailure(cron.error());
    if (is_terminating(*cron) || fields::flag((*cron)["spec"], "suspend")) co_return LookAgain();
    const auto zone = co_await zone_of(*cron);
    if (!zone) co_return LookAgain();
    const std::string text = fields::text((*cron)["spec"], "schedule");
    const auto schedule = parse_cron_schedule(text);
    if (!schedule) {
      const std::string why = "unparseable schedule: \"" + text + "\" : " + schedule.error();
      co_await events_.warning(*cron, "UnparseableSchedule", why);
      co_return LookAgain();
    }
    const WallTime now = world_.clock.wall();
    const CronTimes times = cron_times(*schedule, *zone, earliest_start(*cron, now), now);
    if (times.many_missed) {
      co_await events_.warning(*cron, "TooManyMissedTimes",
                               "too many missed start times. Set or decrease "
                               ".spec.startingDeadlineSeconds or check clock skew");
    }
    if (times.due) {
      const auto started = co_await start(*cron, *times.due, *zone);
      if (!started) co_return ApiFailure(started.error());
    }
    if (!times.next) co_return LookAgain();
    co_return LookAgain(std::chrono::duration_cast<Duration>(*times.next - now));
  }

 private:
  /// History beyond its limits goes, and the status forgets what has ended. The newest CronJob.
  Task<Answer<json>> tidy(json cron, std::vector<json> jobs) {
    for (const json& job : finished_to_forget(cron, jobs)) {
      const auto done = co_await remove(cron, job);
      if (!done) co_return ApiFailure(done.error());
    }
    CronStatus now = cron_status(cron, jobs);
    for (const CronEvent& event : now.events) {
      co_await events_.normal(cron, event.reason, event.message);
    }
    if (now.status == fields::object(cron, "status")) co_return cron;
    cron["status"] = std::move(now.status);
    co_return co_await client_.update(resources::kCronJobs, std::move(cron), "status");
  }

  Task<Answer<bool>> remove(json cron, json job) {
    Removal removal;
    removal.uid = fields::text(job["metadata"], "uid");
    const std::string ns = fields::text(job["metadata"], "namespace");
    const std::string name = name_of(job);
    const auto done = co_await client_.remove(resources::kJobs, ns, name, removal);
    if (!done && done.error().code == 404) co_return true;
    if (!done) {
      co_await events_.warning(cron, "FailedDelete", "Deleted job: " + done.error().message);
      co_return ApiFailure(done.error());
    }
    co_await events_.normal(cron, "SuccessfulDelete", "Deleted job " + name);
    co_return true;
  }

  Task<std::optional<TimeZone>> zone_of(json cron) {
    const std::string name = fields::text(cron["spec"], "timeZone");
    const auto known = zones_.find(name);
    if (known != zones_.end()) co_return known->second;
    const auto loaded = TimeZone::load(name);
    if (loaded) {
      zones_.emplace(name, *loaded);
      co_return *loaded;
    }
    const std::string why = "invalid timeZone: \"" + name + "\": " + loaded.error().what;
    co_await events_.warning(cron, "UnknownTimeZone", why);
    co_return std::nullopt;
  }

  Task<Answer<bool>> start(json cron, WallTime due, TimeZone zone) {
    const auto deadline = fields::number(cron["spec"], "startingDeadlineSeconds");
    if (deadline && due + std::chrono::seconds(*deadline) < world_.clock.wall()) {
      co_await events_.warning(cron, "MissSchedule",
                               "Missed scheduled time to start a job: " + k8s::format_time(due));
      co_return false;
    }
    const json active = fields::list(fields::object(cron, "status"), "active");
    const std::string policy = fields::text(cron["spec"], "concurrencyPolicy");
    if (policy == "Forbid" && !active.empty()) {
      co_await events_.normal(cron, "JobAlreadyActive",
                              "Not starting job because prior execution is running and "
                              "concurrency policy is Forbid");
      co_return false;
    }
    if (policy == "Replace") {
      for (const json& reference : active) {
        const std::string ns = fields::text(reference, "namespace");
        const auto job = client_.get(resources::kJobs, ns, fields::text(reference, "name"));
        if (!job) continue;
        const auto gone = co_await remove(cron, *job);
        if (!gone) co_return gone;
      }
      if (cron.contains("status")) cron["status"].erase("active");
    }
    co_return co_await create(cron, due, cron_job_at(cron, due, zone));
  }

  Task<Answer<bool>> create(json cron, WallTime due, json job) {
    const std::string ns = fields::text(cron["metadata"], "namespace");
    const std::string name = name_of(job);
    auto made = co_await client_.create(resources::kJobs, ns, std::move(job));
    if (!made && made.error().code == 409) {
      // Made before, but the status did not get to say so.
      const auto there = client_.get(resources::kJobs, ns, name);
      const bool own = there && fields::list((*there)["metadata"], "ownerReferences") ==
                                    json::array({controller_reference(cron)});
      if (!own) co_return ApiFailure(made.error());
      made = *there;
    } else if (!made) {
      co_await events_.warning(cron, "FailedCreate", "Error creating job: " + made.error().message);
      co_return ApiFailure(made.error());
    } else {
      co_await events_.normal(cron, "SuccessfulCreate", "Created job " + name);
    }
    cron["status"]["active"].push_back(active_reference(*made));
    cron["status"]["lastScheduleTime"] = k8s::format_time(due);
    const auto done = co_await client_.update(resources::kCronJobs, std::move(cron), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return true;
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
  std::map<std::string, TimeZone> zones_;  // as many as CronJobs name
};

}  // namespace

std::unique_ptr<Controller> make_cron_job_controller(ApiClient& client, seam::World world) {
  return std::make_unique<CronJobController>(client, world);
}

}  // namespace skerry::standalone
