#include "common/k8s/time.h"

#include <cstdio>
#include <ctime>

namespace skerry::k8s {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::seconds;

std::tm utc(WallTime time) {
  const std::time_t whole = std::chrono::system_clock::to_time_t(std::chrono::floor<seconds>(time));
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return parts;
}

/// Digits from `text`, exactly `count`, moved past. Nothing when one is not a digit.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<microseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return microseconds(0);
  std::int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 6) value = value * 10 + (text.front() - '0'), ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) value *= 10;
  return microseconds(value);
}

std::optional<seconds> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return seconds(0);
  const bool minus = !text.empty() && text.front() == '-';
  if (!minus && (text.empty() || text.front() != '+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes) return std::nullopt;
  const seconds offset(*hours * 3600 + *minutes * 60);
  return minus ? -offset : offset;
}

}  // namespace

std::string format_time(WallTime time) {
  const std::tm t = utc(time);
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
  return out;
}

std::string format_micro_time(WallTime time) {
  const auto fraction = time - std::chrono::floor<seconds>(time);
  std::string out = format_time(time);
  char micros[16];
  std::snprintf(micros, sizeof micros, ".%06dZ",
                static_cast<int>(duration_cast<microseconds>(fraction).count()));
  out.pop_back();
  return out + micros;
}

std::optional<WallTime> parse_time(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !take(text, 'T')) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  // In microseconds first: WallTime counts nanoseconds, and 64 bits of them end in the year 2262.
  const microseconds since_1970 = std::chrono::sys_days(date).time_since_epoch() +
                                  std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                                  seconds(*second) + *fraction - *offset;
  constexpr auto kMin = std::chrono::ceil<microseconds>(WallTime::min().time_since_epoch());
  constexpr auto kMax = std::chrono::floor<microseconds>(WallTime::max().time_since_epoch());
  if (since_1970 < kMin || since_1970 > kMax) return std::nullopt;
  return WallTime(since_1970);
}

}  // namespace skerry::k8s
