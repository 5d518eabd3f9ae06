// Kubernetes quantities ("500m", "128Mi", "1e3") as whole numbers. Pure.
// Fractions round up, what does not fit saturates, as in apimachinery's resource.Quantity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

/// "250m" -> 1 (rounded up), "1Ki" -> 1024. Errors: kMalformed.
Result<std::int64_t> quantity_value(std::string_view text);
/// "250m" -> 250, "2" -> 2000. Errors: kMalformed.
Result<std::int64_t> quantity_milli(std::string_view text);

/// The named entry of requests or limits; 0 when absent or malformed (the API refuses those).
std::int64_t value_of(const StringMap& resources, const std::string& name);
std::int64_t milli_of(const StringMap& resources, const std::string& name);

/// Bytes as BinarySI writes them: "4046440Ki", and "1500" where no power of 1024 divides.
std::string format_bytes(std::int64_t bytes);

}  // namespace skerry::edged
