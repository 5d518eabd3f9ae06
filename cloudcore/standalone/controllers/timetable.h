// When a cron schedule (kinds/cron_schedule.h) is due next, by the clocks of a place. Pure.
// Source: github.com/robfig/cron/v3 (SpecSchedule.Next), as behaviour.
#pragma once

#include <optional>

#include "cloudcore/standalone/controllers/time_zone.h"
#include "cloudcore/standalone/kinds/cron_schedule.h"
#include "common/base/units.h"

namespace skerry::standalone {

/// The first time after `after`, to the second; nothing within five years: never (February 30).
/// In the hour that a clock skips nothing is due; in the one it repeats things are due twice.
std::optional<WallTime> next_time(const CronSchedule& schedule,
                                  WallTime after,
                                  const TimeZone& zone);

}  // namespace skerry::standalone
