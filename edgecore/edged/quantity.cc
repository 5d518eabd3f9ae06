#include "edgecore/edged/quantity.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace skerry::edged {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Suffix {
  std::string_view text;
  int base;      // 2 or 10
  int exponent;  // base 2: multiples of 1
};
// apimachinery pkg/api/resource/suffix.go
constexpr std::array<Suffix, 16> kSuffixes = {{{"Ki", 2, 10},
                                               {"Mi", 2, 20},
                                               {"Gi", 2, 30},
                                               {"Ti", 2, 40},
                                               {"Pi", 2, 50},
                                               {"Ei", 2, 60},
                                               {"n", 10, -9},
                                               {"u", 10, -6},
                                               {"m", 10, -3},
                                               {"", 10, 0},
                                               {"k", 10, 3},
                                               {"M", 10, 6},
                                               {"G", 10, 9},
                                               {"T", 10, 12},
                                               {"P", 10, 15},
                                               {"E", 10, 18}}};

/// digits * 10^ten * 2^two
struct Number {
  bool negative = false;
  std::uint64_t digits = 0;
  int ten = 0;
  int two = 0;
};

std::optional<Number> parse_digits(std::string_view text, std::size_t& at) {
  Number number;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) number.negative = text[at++] == '-';
  bool any = false;
  bool fraction = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number.digits > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
      if (!fraction) ++number.ten;  // beyond 19 digits only the size matters
      continue;
    }
    number.digits = number.digits * 10 + digit;
    if (fraction) --number.ten;
  }
  if (!any) return std::nullopt;
  return number;
}

/// "e3" or "E-2" after the digits; a lone "E" is the suffix exa.
bool parse_exponent(std::string_view text, Number& number) {
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return false;
  std::size_t at = 1;
  const bool negative = text[at] == '-';
  if (text[at] == '-' || text[at] == '+') ++at;
  if (at == text.size() || text.size() - at > 3) return false;
  int exponent = 0;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    exponent = exponent * 10 + (text[at] - '0');
  }
  number.ten += negative ? -exponent : exponent;
  return true;
}

std::optional<Number> parse(std::string_view text) {
  std::size_t at = 0;
  std::optional<Number> number = parse_digits(text, at);
  if (!number) return std::nullopt;
  const std::string_view rest = text.substr(at);
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text != rest) continue;
    (suffix.base == 2 ? number->two : number->ten) += suffix.exponent;
    return number;
  }
  if (parse_exponent(rest, *number)) return number;
  return std::nullopt;
}

/// Where 64 bits do not hold the steps between, only the size of the number matters.
std::int64_t rounded_estimate(const Number& number, std::uint64_t divisor) {
  const long double value =
      std::ceil(static_cast<long double>(number.digits) / static_cast<long double>(divisor) *
                std::pow(10.0L, static_cast<long double>(number.ten)) *
                std::pow(2.0L, static_cast<long double>(number.two)));
  if (value >= static_cast<long double>(kMost)) return kMost;
  return static_cast<std::int64_t>(value);
}

std::int64_t rounded_up(Number number) {
  if (number.digits == 0) return 0;
  std::uint64_t value = number.digits;
  // A division by ten is one by two and one by five: the twos cancel against a binary suffix.
  std::uint64_t divisor = 1;
  for (; number.ten < 0; ++number.ten) {
    const bool cancels = number.two > 0;
    if (cancels) --number.two;
    const std::uint64_t before = divisor;
    if (__builtin_mul_overflow(divisor, cancels ? 5u : 10u, &divisor)) {
      if (cancels) ++number.two;
      return rounded_estimate(number, before);
    }
  }
  const Number whole = number;
  for (; number.two > 0; --number.two) {
    if (__builtin_mul_overflow(value, 2u, &value)) return rounded_estimate(whole, divisor);
  }
  for (; number.ten > 0; --number.ten) {
    if (__builtin_mul_overflow(value, 10u, &value)) return kMost;
  }
  value = value / divisor + (value % divisor == 0 ? 0 : 1);
  return value > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(value);
}

Result<std::int64_t> scaled(std::string_view text, int ten) {
  std::optional<Number> number = parse(text);
  if (!number) return fail(Code::kMalformed, "not a quantity: \"" + std::string(text) + "\"");
  number->ten += ten;
  const std::int64_t value = rounded_up(*number);
  return number->negative ? -value : value;
}

}  // namespace

Result<std::int64_t> quantity_value(std::string_view text) { return scaled(text, 0); }
Result<std::int64_t> quantity_milli(std::string_view text) { return scaled(text, 3); }

std::int64_t value_of(const StringMap& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() ? 0 : quantity_value(found->second).value_or(0);
}

std::int64_t milli_of(const StringMap& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() ? 0 : quantity_milli(found->second).value_or(0);
}

std::string format_bytes(std::int64_t bytes) {
  static constexpr std::string_view kUnits[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string(kUnits[unit]);
}

}  // namespace skerry::edged
