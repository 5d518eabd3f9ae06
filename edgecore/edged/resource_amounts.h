// The amounts of requests and limits as whole numbers. Pure.
// Fractions round up, what does not fit saturates (k8s::Quantity).
#pragma once

#include <cstdint>
#include <string>

#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

/// The named entry: 0 when absent or malformed (the API refuses those).
std::int64_t value_of(const StringMap& resources, const std::string& name);
std::int64_t milli_of(const StringMap& resources, const std::string& name);

/// A quantity that must be right to go on. Errors: kMalformed.
Result<std::int64_t> quantity_value(std::string_view text);
Result<std::int64_t> quantity_milli(std::string_view text);

/// "4046440Ki", as nodes write bytes.
std::string format_bytes(std::int64_t bytes);

}  // namespace skerry::edged
