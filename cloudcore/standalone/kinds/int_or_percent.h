// Numbers that may be a share: 3 or "25%". Pure. Source: ValidatePositiveIntOrPercent and
// IsNotMoreThan100Percent of pkg/apis/apps/validation: as facts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_checks.h"

namespace skerry::standalone {

/// A number that is not negative, or a percent string. Absent: fine.
void check_int_or_percent(FieldChecks& checks,
                          const std::string& path,
                          const nlohmann::json& value);
void check_at_most_whole(FieldChecks& checks, const std::string& path, const nlohmann::json& value);

/// The number, or that of the percents; 0 for anything else.
std::int64_t amount_of(const nlohmann::json& value);

}  // namespace skerry::standalone
