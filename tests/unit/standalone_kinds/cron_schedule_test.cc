#include "cloudcore/standalone/kinds/cron_schedule.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

std::string problem(std::string_view text) {
  const auto parsed = parse_cron_schedule(text);
  return parsed ? "" : parsed.error();
}

TEST_CASE("CronSchedule: ranges, steps, lists and names become sets", "[standalone]") {
  const auto parsed = parse_cron_schedule("0-30/15,45 1 ? JAN-mar Sun,mon");
  REQUIRE(parsed.has_value());
  CHECK(parsed->minutes == (1ull << 0 | 1ull << 15 | 1ull << 30 | 1ull << 45));
  CHECK(parsed->hours == 1ull << 1);
  CHECK(parsed->months == (1ull << 1 | 1ull << 2 | 1ull << 3));
  CHECK(parsed->weekdays == (1ull << 0 | 1ull << 1));
  CHECK(parsed->any_day);
  CHECK_FALSE(parsed->any_weekday);
  // A start with a step goes on to the end; a star with one restricts.
  const auto stepped = parse_cron_schedule("50/5 * */2 * *");
  REQUIRE(stepped.has_value());
  CHECK(stepped->minutes == (1ull << 50 | 1ull << 55));
  CHECK_FALSE(stepped->any_day);
}

TEST_CASE("CronSchedule: words stand for schedules", "[standalone]") {
  const auto hourly = parse_cron_schedule("@hourly");
  REQUIRE(hourly.has_value());
  CHECK(hourly->minutes == 1);
  CHECK(hourly->hours == (1ull << 24) - 1);
  const auto every = parse_cron_schedule("@every 1h30m");
  REQUIRE(every.has_value());
  CHECK(every->every == std::chrono::minutes(90));
  CHECK(problem("@often") == "unrecognized descriptor: @often");
  CHECK(problem("@every soon") ==
        "failed to parse duration @every soon: time: invalid duration \"soon\"");
}

TEST_CASE("CronSchedule: says what is wrong as Kubernetes does", "[standalone]") {
  CHECK(problem("x") == "expected exactly 5 fields, found 1: [x]");
  CHECK(problem("61 * * * *") == "end of range (61) above maximum (59): 61");
  CHECK(problem("* * 0 * *") == "beginning of range (0) below minimum (1): 0");
  CHECK(problem("5-2 * * * *") == "beginning of range (5) beyond end of range (2): 5-2");
  CHECK(problem("*/0 * * * *") == "step of range should be a positive number: */0");
  CHECK(problem("1-2-3 * * * *") == "too many hyphens: 1-2-3");
  CHECK(problem("1/2/3 * * * *") == "too many slashes: 1/2/3");
  CHECK(problem("a * * * *") ==
        "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax");
}

}  // namespace
}  // namespace skerry::standalone
