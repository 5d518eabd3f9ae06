#include "cloudcore/standalone/controllers/cron_job_plan.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/job_plan.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
namespace chrono = std::chrono;

constexpr const char* kScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";
constexpr std::int64_t kSuccessfulKept = 3;
constexpr std::int64_t kFailedKept = 1;

std::string uid_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "uid");
}
std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

/// The last time in (earliest, now], when there are many: looked for from the end.
std::optional<WallTime> last_before(const CronSchedule& schedule,
                                    const TimeZone& zone,
                                    WallTime earliest,
                                    WallTime now) {
  for (Duration window = 1h;; window *= 2) {
    const WallTime from = std::max(earliest, now - window);
    std::optional<WallTime> last;
    auto at = next_time(schedule, from, zone);
    while (at && *at <= now) {
      last = at;
      at = next_time(schedule, *at, zone);
    }
    if (last || from == earliest) return last;
  }
}

/// RFC 3339 in the zone's own time.
std::string local_time(WallTime time, const TimeZone& zone) {
  const auto offset = zone.offset_at(time);
  std::string out = k8s::format_time(time + offset);
  if (offset == chrono::seconds(0)) return out;
  out.pop_back();  // Z
  const auto minutes = chrono::floor<chrono::minutes>(chrono::abs(offset)).count();
  char text[16];
  std::snprintf(text, sizeof text, "%c%02d:%02d", offset.count() < 0 ? '-' : '+',
                static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
  return out + text;
}

}  // namespace

CronTimes cron_times(const CronSchedule& schedule,
                     const TimeZone& zone,
                     WallTime earliest,
                     WallTime now) {
  CronTimes out;
  int missed = 0;
  auto at = next_time(schedule, earliest, zone);
  while (at && *at <= now) {
    out.due = at;
    if (++missed > kMissedStartsMax) {
      out.many_missed = true;
      out.due = last_before(schedule, zone, earliest, now);
      at = out.due ? next_time(schedule, *out.due, zone) : std::nullopt;
      break;
    }
    at = next_time(schedule, *at, zone);
  }
  out.next = at;
  return out;
}

WallTime earliest_start(const json& cron, WallTime now) {
  const json& status = fields::object(cron, "status");
  WallTime out = status.contains("lastScheduleTime")
                     ? fields::time(status, "lastScheduleTime")
                     : fields::time(fields::object(cron, "metadata"), "creationTimestamp");
  const auto deadline = fields::number(fields::object(cron, "spec"), "startingDeadlineSeconds");
  if (deadline) out = std::max(out, now - chrono::seconds(*deadline));
  return out;
}

json cron_job_at(const json& cron, WallTime due, const TimeZone& zone) {
  const json& wanted = fields::object(fields::object(cron, "spec"), "jobTemplate");
  const json& from = fields::object(wanted, "metadata");
  const auto minutes = chrono::floor<chrono::minutes>(due).time_since_epoch().count();
  json metadata = {{"name", name_of(cron) + "-" + std::to_string(minutes)},
                   {"namespace", fields::text(fields::object(cron, "metadata"), "namespace")},
                   {"annotations", fields::object(from, "annotations")},
                   {"ownerReferences", json::array({controller_reference(cron)})}};
  metadata["annotations"][kScheduledAt] = local_time(due, zone);
  if (from.contains("labels")) metadata["labels"] = from["labels"];
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"metadata", std::move(metadata)},
          {"spec", fields::object(wanted, "spec")}};
}

std::vector<json> finished_to_forget(const json& cron, const std::vector<json>& jobs) {
  const json& spec = fields::object(cron, "spec");
  std::vector<json> out;
  const auto beyond = [&](const char* ended, const char* limit, std::int64_t otherwise) {
    std::vector<json> finished;
    for (const json& job : jobs) {
      if (fields::text(job_end(job), "type") == ended && !is_terminating(job)) {
        finished.push_back(job);
      }
    }
    std::stable_sort(finished.begin(), finished.end(), [](const json& a, const json& b) {
      const auto started = [](const json& job) {
        return std::pair(fields::time(fields::object(job, "status"), "startTime"), name_of(job));
      };
      return started(a) < started(b);
    });
    const auto kept = static_cast<std::size_t>(
        std::max<std::int64_t>(0, fields::number(spec, limit).value_or(otherwise)));
    finished.resize(finished.size() > kept ? finished.size() - kept : 0);
    out.insert(out.end(), finished.begin(), finished.end());
  };
  beyond("Complete", "successfulJobsHistoryLimit", kSuccessfulKept);
  beyond("Failed", "failedJobsHistoryLimit", kFailedKept);
  return out;
}

json active_reference(const json& job) {
  const json& metadata = fields::object(job, "metadata");
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"name", fields::text(metadata, "name")},
          {"namespace", fields::text(metadata, "namespace")},
          {"uid", fields::text(metadata, "uid")},
          {"resourceVersion", fields::text(metadata, "resourceVersion")}};
}

CronStatus cron_status(const json& cron, const std::vector<json>& jobs) {
  CronStatus out;
  out.status = fields::object(cron, "status");
  WallTime last_success = fields::time(out.status, "lastSuccessfulTime");
  json active = json::array();
  for (const json& reference : fields::list(out.status, "active")) {
    const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const json& each) {
      return uid_of(each) == fields::text(reference, "uid");
    });
    const std::string name = fields::text(reference, "name");
    if (job == jobs.end()) {
      out.events.push_back({"Normal", "MissingJob", "Active job went missing: " + name});
      continue;
    }
    const json end = job_end(*job);
    if (end.is_null()) {
      active.push_back(reference);
      continue;
    }
    const std::string type = fields::text(end, "type");
    out.events.push_back(
        {"Normal", "SawCompletedJob", "Saw completed job: " + name + ", condition: " + type});
    if (type == "Complete") {
      last_success =
          std::max(last_success, fields::time(fields::object(*job, "status"), "completionTime"));
    }
  }
  out.status.erase("active");
  if (!active.empty()) out.status["active"] = std::move(active);
  if (last_success > WallTime{}) {
    out.status["lastSuccessfulTime"] = k8s::format_time(last_success);
  }
  return out;
}

}  // namespace skerry::standalone
