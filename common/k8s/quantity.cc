#include "common/k8s/quantity.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "common/base/assert.h"

namespace skerry::k8s {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kTextBytesMax = 64;
constexpr int kExponentMax = 64;  // beyond it every value is capped or rounded to one nano

struct Suffix {
  std::string_view text;
  Quantity::Format format;
  int exponent;  // of 10, or of 1024
};
constexpr Suffix kSuffixes[] = {
    {"n", Quantity::Format::kDecimalSi, -9}, {"u", Quantity::Format::kDecimalSi, -6},
    {"m", Quantity::Format::kDecimalSi, -3}, {"", Quantity::Format::kDecimalSi, 0},
    {"k", Quantity::Format::kDecimalSi, 3},  {"M", Quantity::Format::kDecimalSi, 6},
    {"G", Quantity::Format::kDecimalSi, 9},  {"T", Quantity::Format::kDecimalSi, 12},
    {"P", Quantity::Format::kDecimalSi, 15}, {"E", Quantity::Format::kDecimalSi, 18},
    {"Ki", Quantity::Format::kBinarySi, 1},  {"Mi", Quantity::Format::kBinarySi, 2},
    {"Gi", Quantity::Format::kBinarySi, 3},  {"Ti", Quantity::Format::kBinarySi, 4},
    {"Pi", Quantity::Format::kBinarySi, 5},  {"Ei", Quantity::Format::kBinarySi, 6},
};

std::optional<Suffix> suffix_of(std::string_view text) {
  for (const Suffix& row : kSuffixes) {
    if (row.text == text) return row;
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(1);
  if (text[0] == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Suffix{"e", Quantity::Format::kDecimalExponent,
                std::clamp(exponent, -kExponentMax, kExponentMax)};
}

/// Decimal digits, most significant first, times 1024. Digits, because 32-bit machines have no
/// integer that holds every intermediate value.
void times_1024(std::string& digits) {
  int carry = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    const int value = (*digit - '0') * 1024 + carry;
    *digit = static_cast<char>('0' + value % 10);
    carry = value / 10;
  }
  while (carry > 0) {
    digits.insert(digits.begin(), static_cast<char>('0' + carry % 10));
    carry /= 10;
  }
}

/// `digits` with the decimal point after the first `point` of them (may lie outside).
struct Split {
  std::string whole;
  std::string nine;  // nine decimal places
  bool rest;         // something but zeros follows
};
Split split_at(std::string digits, int point) {
  if (point < 0) digits.insert(0, static_cast<std::size_t>(-point), '0'), point = 0;
  const auto wanted = static_cast<std::size_t>(point) + 9;
  if (digits.size() < wanted) digits.append(wanted - digits.size(), '0');
  Split out;
  out.whole = digits.substr(0, static_cast<std::size_t>(point));
  out.nine = digits.substr(static_cast<std::size_t>(point), 9);
  out.rest = digits.find_first_not_of('0', wanted) != std::string::npos;
  return out;
}

std::int64_t capped_number(std::string_view digits) {
  std::int64_t value = 0;
  for (const char digit : digits) {
    if (value > (kMax - (digit - '0')) / 10) return kMax;
    value = value * 10 + (digit - '0');
  }
  return value;
}

std::int64_t capped_sum(std::int64_t a, std::int64_t b) { return a > kMax - b ? kMax : a + b; }

std::string_view decimal_suffix(int exponent) {
  for (const Suffix& row : kSuffixes) {
    if (row.format == Quantity::Format::kDecimalSi && row.exponent == exponent) return row.text;
  }
  SKERRY_ASSERT(false, "an exponent without a suffix");
  return {};
}

}  // namespace

Result<Quantity> parse_quantity(std::string_view text) {
  const auto bad = [] { return fail(Code::kMalformed, "not a Kubernetes quantity"); };
  if (text.empty() || text.size() > kTextBytesMax) return bad();
  Quantity out;
  out.negative_ = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);

  std::string digits;
  std::optional<int> point;
  std::size_t used = 0;
  for (; used < text.size() && ((text[used] >= '0' && text[used] <= '9') || text[used] == '.');
       ++used) {
    if (text[used] != '.') {
      digits += text[used];
    } else if (point) {
      return bad();
    } else {
      point = static_cast<int>(digits.size());
    }
  }
  const auto suffix = suffix_of(text.substr(used));
  if (digits.empty() || !suffix) return bad();

  int decimals = static_cast<int>(digits.size()) - point.value_or(static_cast<int>(digits.size()));
  if (suffix->format == Quantity::Format::kBinarySi) {
    for (int i = 0; i < suffix->exponent; ++i) times_1024(digits);
  } else {
    decimals -= suffix->exponent;
  }
  const Split parts = split_at(digits, static_cast<int>(digits.size()) - decimals);
  out.format_ = suffix->format;
  out.whole_ = capped_number(parts.whole);
  std::int64_t nanos = capped_number(parts.nine) + (parts.rest ? 1 : 0);
  if (nanos == 1'000'000'000) nanos = 0, out.whole_ = capped_sum(out.whole_, 1);
  out.nanos_ = out.whole_ == kMax ? 0 : static_cast<std::int32_t>(nanos);
  if (out.whole_ == 0 && out.nanos_ == 0) out.negative_ = false;
  return out;
}

Quantity Quantity::bytes(std::int64_t count) {
  SKERRY_ASSERT(count >= 0, "sizes are not negative");
  Quantity out;
  out.whole_ = count;
  out.format_ = Format::kBinarySi;
  return out;
}

Quantity Quantity::milli(std::int64_t thousandths) {
  SKERRY_ASSERT(thousandths >= 0, "CPU shares are not negative");
  Quantity out;
  out.whole_ = thousandths / 1000;
  out.nanos_ = static_cast<std::int32_t>(thousandths % 1000 * 1'000'000);
  return out;
}

std::int64_t Quantity::value() const {
  const std::int64_t magnitude = capped_sum(whole_, nanos_ > 0 ? 1 : 0);
  return negative_ ? -magnitude : magnitude;
}

std::int64_t Quantity::milli_value() const {
  const std::int64_t part = (nanos_ + 999'999) / 1'000'000;
  const std::int64_t magnitude = whole_ > (kMax - part) / 1000 ? kMax : whole_ * 1000 + part;
  return negative_ ? -magnitude : magnitude;
}

std::string Quantity::text() const {
  const std::string sign = negative_ ? "-" : "";
  if (format_ == Format::kBinarySi && nanos_ == 0 && whole_ >= 1024) {
    std::int64_t rest = whole_;
    int power = 0;
    for (; power < 6 && rest % 1024 == 0; ++power) rest /= 1024;
    static constexpr std::string_view kBinary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    return sign + std::to_string(rest) + std::string(kBinary[power]);
  }
  if (whole_ == 0 && nanos_ == 0) return "0";
  // Digits and exponent with the largest exponent, a multiple of 3, that leaves no fraction.
  std::string digits = std::to_string(whole_);
  int exponent = 0;
  if (nanos_ > 0) {
    const std::string fraction = std::to_string(1'000'000'000 + nanos_).substr(1);
    digits += fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    exponent = -9;
  }
  while (exponent < 18 && digits.size() > 3 && digits.ends_with("000")) {
    digits.resize(digits.size() - 3);
    exponent += 3;
  }
  if (format_ != Format::kDecimalExponent)
    return sign + digits + std::string(decimal_suffix(exponent));
  return sign + digits + (exponent == 0 ? "" : "e" + std::to_string(exponent));
}

}  // namespace skerry::k8s
