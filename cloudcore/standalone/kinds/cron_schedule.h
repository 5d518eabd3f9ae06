// A CronJob's schedule: "*/5 1-3 * jan,mar mon" or "@hourly" as sets of minutes, hours, days and
// months. Pure. Errors: what is wrong, in the words that Kubernetes' clients know.
// Source: the standard cron format as CronJobs read it (robfig/cron v3), as behaviour.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace skerry::standalone {

struct CronSchedule {
  // Bit n: the n-th minute (0-59), hour (0-23), day (1-31), month (1-12), day of the week (0:
  // Sunday).
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;
  std::uint64_t months = 0;
  std::uint64_t weekdays = 0;
  /// Given as `*` or `?`: with both set a day has to fit one of the two, not both.
  bool any_day = false;
  bool any_weekday = false;
  /// "@every 90s"; 0: the sets above.
  std::chrono::nanoseconds every{0};
};

tl::expected<CronSchedule, std::string> parse_cron_schedule(std::string_view text);

}  // namespace skerry::standalone
