// What a clock on a wall shows somewhere: the offset from UTC at a moment, by the system's
// zoneinfo. The standard library of g++ 12 has no time zones. Immutable, any thread. Source: RFC
// 8536 (TZif), POSIX.1 (the rule in its footer).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr const char* kZoneinfoFolder = "/usr/share/zoneinfo";
inline constexpr std::size_t kZoneBytesMax = 256 * kKiB;

/// "M3.5.0/2" and the like: when in a year daylight saving begins or ends.
struct ZoneRule {
  enum class Kind { kMonthWeekDay, kJulian, kZeroBased };
  Kind kind = Kind::kMonthWeekDay;
  int month = 0, week = 0, day = 0;
  std::int64_t time = 7200;  // seconds after midnight
};
/// "CET-1CEST,M3.5.0,M10.5.0/3"
struct ZoneFooter {
  std::int64_t standard = 0;  // seconds east of UTC
  std::int64_t daylight = 0;
  std::optional<ZoneRule> begins;  // nothing: no daylight saving
  std::optional<ZoneRule> ends;
};
/// Errors: kMalformed.
Result<ZoneFooter> parse_zone_footer(std::string_view text);

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  /// "Europe/Berlin"; empty: UTC. Errors: kNotFound ("unknown time zone X"), kMalformed.
  static Result<TimeZone> load(const std::string& name,
                               const std::string& folder = kZoneinfoFolder);
  /// The bytes of a TZif file. Errors: kMalformed.
  static Result<TimeZone> parse(std::string_view bytes);

  /// What to add to UTC at that moment.
  std::chrono::seconds offset_at(WallTime moment) const;

 private:
  std::vector<std::int64_t> transitions_;  // seconds since 1970, ascending
  std::vector<std::int64_t> offsets_;      // after each of them
  std::int64_t first_ = 0;                 // before the first
  std::optional<ZoneFooter> footer_;       // after the last
};

}  // namespace skerry::standalone
