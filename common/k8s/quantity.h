// Kubernetes quantities: "500m", "1.5Gi", "12e6". Pure; exact to nano, rounded up (away from zero)
// below it, capped at 2^63-1, as the API does. Source: k8s.io/apimachinery/pkg/api/resource.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::k8s {

class Quantity {
 public:
  enum class Format : std::uint8_t { kDecimalSi, kBinarySi, kDecimalExponent };

  Quantity() = default;
  static Quantity bytes(std::int64_t count);        // written with Ki, Mi, ...
  static Quantity milli(std::int64_t thousandths);  // CPU; written with m

  std::int64_t value() const;        // whole units, rounded up: bytes, pods
  std::int64_t milli_value() const;  // thousandths, rounded up, capped: CPU
  std::string text() const;          // canonical, as the API server writes it

 private:
  friend Result<Quantity> parse_quantity(std::string_view text);

  std::int64_t whole_ = 0;  // magnitude
  std::int32_t nanos_ = 0;  // 0..999,999,999, added to the magnitude
  bool negative_ = false;
  Format format_ = Format::kDecimalSi;
};

/// Errors: kMalformed.
Result<Quantity> parse_quantity(std::string_view text);

}  // namespace skerry::k8s
