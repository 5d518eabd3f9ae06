#include "cloudcore/standalone/controllers/timetable.h"

#include <algorithm>

namespace skerry::standalone {
namespace {

namespace chrono = std::chrono;

constexpr int kYearsSearched = 5;

/// What is local midnight near `guess`, which is off by as much as the clocks changed meanwhile.
chrono::sys_time<chrono::minutes> local_midnight(chrono::sys_time<chrono::minutes> guess,
                                                 const TimeZone& zone) {
  const auto shown = guess + zone.offset_at(guess);
  const auto past = chrono::floor<chrono::minutes>(shown - chrono::floor<chrono::days>(shown));
  if (past > 12h) return guess + (24h - past);
  const auto earlier = guess - past;
  const auto shown_earlier = earlier + zone.offset_at(earlier);
  // Where midnight itself is skipped, the day begins later.
  const bool same_day =
      chrono::floor<chrono::days>(shown_earlier) == chrono::floor<chrono::days>(shown);
  return same_day ? earlier : guess;
}

bool has(std::uint64_t bits, unsigned bit) { return ((bits >> bit) & 1) != 0; }

}  // namespace

std::optional<WallTime> next_time(const CronSchedule& schedule,
                                  WallTime after,
                                  const TimeZone& zone) {
  const auto second = chrono::floor<chrono::seconds>(after);
  if (schedule.every > std::chrono::nanoseconds(0)) {
    return second + std::max(chrono::seconds(1), chrono::floor<chrono::seconds>(schedule.every));
  }
  // The first full minute after it; then by days, hours and minutes of the local clock.
  auto at = chrono::floor<chrono::minutes>(second) + chrono::minutes(1);
  const auto last = at + chrono::days(366) * kYearsSearched;
  while (at < last) {
    const auto local = at + zone.offset_at(at);
    const auto day = chrono::floor<chrono::days>(local);
    const chrono::year_month_day date(day);
    const auto of_day = chrono::floor<chrono::minutes>(local - day);
    const auto weekday = chrono::weekday(day).c_encoding();
    const bool by_day = has(schedule.days, unsigned(date.day()));
    const bool by_weekday = has(schedule.weekdays, weekday);
    const bool right_day =
        schedule.any_day || schedule.any_weekday ? by_day && by_weekday : by_day || by_weekday;
    if (!has(schedule.months, unsigned(date.month())) || !right_day) {
      const auto midnight = chrono::floor<chrono::minutes>(at + chrono::days(1) - of_day);
      at = local_midnight(midnight, zone);
      continue;
    }
    const auto hour = chrono::floor<chrono::hours>(of_day);
    if (!has(schedule.hours, static_cast<unsigned>(hour.count()))) {
      at += chrono::minutes(60) - (of_day - hour);
      continue;
    }
    if (has(schedule.minutes, static_cast<unsigned>((of_day - hour).count()))) return at;
    at += chrono::minutes(1);
  }
  return std::nullopt;
}

}  // namespace skerry::standalone
