// How long ago, as kubectl shows it: "5s", "3m20s", "47h", "12d". Pure.
// Source: k8s.io/apimachinery/pkg/util/duration (HumanDuration), as behaviour.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/units.h"

namespace skerry::standalone {

/// Up to a second in the future is "0s", clocks differ; beyond that "<invalid>".
std::string human_duration(std::chrono::seconds duration);

/// The time since an RFC 3339 text; "<unknown>" for anything else.
std::string human_age(std::string_view since, WallTime now);

}  // namespace skerry::standalone
