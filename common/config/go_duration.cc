#include "common/config/go_duration.h"

#include <cstdint>

namespace skerry::config {
namespace {

constexpr double kMillisecondsMax = 100.0 * 365 * 24 * 3600 * 1000;

struct Unit {
  std::string_view name;
  double milliseconds;
};
// "ms" before "m": the longer word is tried first.
constexpr Unit kUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"ms", 1},
                           {"s", 1e3},   {"m", 6e4},   {"h", 3.6e6}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "12.5" from the front of `text`, which it shortens.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  std::size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    value = value * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    double scale = 0.1;
    while (!text.empty() && is_digit(text.front())) {
      value += (text.front() - '0') * scale;
      scale /= 10;
      ++digits;
      text.remove_prefix(1);
    }
  }
  if (digits == 0) return std::nullopt;
  return value;
}

std::optional<double> take_unit(std::string_view& text) {
  for (const Unit& unit : kUnits) {
    if (text.substr(0, unit.name.size()) != unit.name) continue;
    text.remove_prefix(unit.name.size());
    return unit.milliseconds;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_go_duration(std::string_view text) {
  double sign = 1;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') sign = -1;
    text.remove_prefix(1);
  }
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    if (!number) return std::nullopt;
    const std::optional<double> unit = take_unit(text);
    if (!unit) return std::nullopt;
    total += *number * *unit;
    if (total > kMillisecondsMax) return std::nullopt;
  }
  // Half a microsecond: 0.3s is 299.99… in binary.
  return std::chrono::milliseconds(static_cast<std::int64_t>(sign * (total + 5e-4)));
}

std::string format_go_duration(std::chrono::milliseconds duration) {
  std::int64_t rest = duration.count();
  std::string out;
  if (rest < 0) {
    out = "-";
    rest = -rest;
  }
  const std::int64_t hours = rest / 3'600'000;
  const std::int64_t minutes = rest / 60'000 % 60;
  const std::int64_t seconds = rest / 1000 % 60;
  const std::int64_t milliseconds = rest % 1000;
  if (hours == 0 && minutes == 0 && seconds == 0 && milliseconds != 0) {
    return out + std::to_string(milliseconds) + "ms";
  }
  if (hours > 0) out += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) out += std::to_string(minutes) + "m";
  out += std::to_string(seconds);
  if (milliseconds > 0) {
    std::string fraction = std::to_string(1000 + milliseconds).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    out += "." + fraction;
  }
  return out + "s";
}

}  // namespace skerry::config
