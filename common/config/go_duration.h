// Durations as Go writes them ("1h30m", "10s", "250ms"): in config files, on the command line and
// in annotations. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace skerry::config {

/// Nothing for anything Go's time.ParseDuration refuses, and beyond about 100 years.
/// Finer than a millisecond is cut off.
std::optional<std::chrono::milliseconds> parse_go_duration(std::string_view text);

/// "1h30m0s" as Go prints it; "0s" for zero.
std::string format_go_duration(std::chrono::milliseconds duration);

}  // namespace skerry::config
