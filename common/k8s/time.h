// RFC 3339 in UTC, as Kubernetes writes it: seconds for metav1.Time, microseconds for MicroTime.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/units.h"

namespace skerry::k8s {

std::string format_time(WallTime time);        // 2006-01-02T15:04:05Z
std::string format_micro_time(WallTime time);  // 2006-01-02T15:04:05.000000Z
/// Accepts fractions and offsets. Nothing for anything else, nor for a time beyond WallTime (1677 to
/// 2262).
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace skerry::k8s
