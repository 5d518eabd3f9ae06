#include "cloudcore/standalone/printing/human_duration.h"

#include <cstdint>

#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

/// "3m20s"; the smaller unit only when there is some of it.
std::string both(std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
  std::string out = std::to_string(large) + large_unit;
  if (small != 0) out += std::to_string(small) + small_unit;
  return out;
}

std::string one(std::int64_t count, char unit) { return std::to_string(count) + unit; }

}  // namespace

std::string human_duration(std::chrono::seconds duration) {
  const std::int64_t seconds = duration.count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return one(seconds, 's');
  const std::int64_t minutes = seconds / 60;
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return one(minutes, 'm');
  const std::int64_t hours = minutes / 60;
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return one(hours, 'h');
  const std::int64_t days = hours / 24;
  if (days < 8) return both(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return one(days, 'd');
  if (days < 365 * 8) return both(days / 365, 'y', days % 365, 'd');
  return one(days / 365, 'y');
}

std::string human_age(std::string_view since, WallTime now) {
  const auto time = k8s::parse_time(since);
  if (!time) return "<unknown>";
  return human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *time));
}

}  // namespace skerry::standalone
