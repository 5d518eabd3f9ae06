// When a CronJob is due, which of its Jobs are forgotten, and what a Job of it looks like. Pure.
// Source: pkg/controller/cronjob (cronjob_controllerv2.go, utils.go), as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/timetable.h"

namespace skerry::standalone {

inline constexpr int kMissedStartsMax = 100;  // beyond that somebody is told

struct CronTimes {
  std::optional<WallTime> due;   // the last time that has come
  std::optional<WallTime> next;  // the first that has not
  bool many_missed = false;
};
/// Times after `earliest`.
CronTimes cron_times(const CronSchedule& schedule,
                     const TimeZone& zone,
                     WallTime earliest,
                     WallTime now);
/// After which time a CronJob can be due: its last start or its creation, not before its starting
/// deadline.
WallTime earliest_start(const nlohmann::json& cron, WallTime now);

/// Named after the time, so that a time is never started twice.
nlohmann::json cron_job_at(const nlohmann::json& cron, WallTime due, const TimeZone& zone);

/// Finished Jobs beyond the history limits, oldest first.
std::vector<nlohmann::json> finished_to_forget(const nlohmann::json& cron,
                                               const std::vector<nlohmann::json>& jobs);

struct CronEvent {
  std::string type;
  std::string reason;
  std::string message;
};
struct CronStatus {
  nlohmann::json status;
  std::vector<CronEvent> events;
};
/// status.active without the Jobs that ended or went, and the time of the last success.
CronStatus cron_status(const nlohmann::json& cron, const std::vector<nlohmann::json>& jobs);
nlohmann::json active_reference(const nlohmann::json& job);

}  // namespace skerry::standalone
