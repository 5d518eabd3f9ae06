#include "cloudcore/standalone/decoding/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace skerry::standalone {
namespace {

using nlohmann::json;

struct Word {
  std::string_view text;
  int value;  // 0: false, 1: true, 2: null, 3: no number of JSON
};
constexpr Word kWords[] = {
    {"", 2},      {"~", 2},     {"null", 2},  {"Null", 2},  {"NULL", 2},  {"true", 1},
    {"True", 1},  {"TRUE", 1},  {"y", 1},     {"Y", 1},     {"yes", 1},   {"Yes", 1},
    {"YES", 1},   {"on", 1},    {"On", 1},    {"ON", 1},    {"false", 0}, {"False", 0},
    {"FALSE", 0}, {"n", 0},     {"N", 0},     {"no", 0},    {"No", 0},    {"NO", 0},
    {"off", 0},   {"Off", 0},   {"OFF", 0},   {".nan", 3},  {".NaN", 3},  {".NAN", 3},
    {".inf", 3},  {".Inf", 3},  {".INF", 3},  {"+.inf", 3}, {"+.Inf", 3}, {"+.INF", 3},
    {"-.inf", 3}, {"-.Inf", 3}, {"-.INF", 3},
};

std::optional<json> integer(std::string_view digits, int base, bool negative) {
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  constexpr std::uint64_t kMax = std::uint64_t{1} << 63;
  if (!negative) return json(magnitude);
  if (magnitude > kMax) return std::nullopt;
  return json(static_cast<std::int64_t>(std::uint64_t{0} - magnitude));
}

std::optional<json> any_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0X"))
    return integer(text.substr(2), 16, negative);
  if (text.starts_with("0b")) return integer(text.substr(2), 2, negative);
  if (text.starts_with("0o")) return integer(text.substr(2), 8, negative);
  if (text.size() > 1 && text[0] == '0') return integer(text.substr(1), 8, negative);
  return integer(text, 10, negative);
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  const auto digits = [&] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count > 0;
  };
  const auto sign = [&] {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  };
  sign();
  const bool before = digits();
  bool after = false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    after = digits();
  }
  if (!before && !after) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    sign();
    if (!digits()) return false;
  }
  return text.empty();
}

}  // namespace

std::optional<json> plain_scalar(const std::string& text) {
  const auto* word = std::ranges::find(kWords, text, &Word::text);
  if (word != std::end(kWords)) {
    if (word->value == 3) return std::nullopt;
    return word->value == 2 ? json(nullptr) : json(word->value == 1);
  }
  const char first = text[0];
  if (first != '-' && first != '+' && first != '.' && (first < '0' || first > '9'))
    return json(text);
  std::string plain = text;
  std::erase(plain, '_');
  if (auto number = any_integer(plain)) return number;
  if (!looks_like_float(plain)) return json(text);
  const double number = std::strtod(plain.c_str(), nullptr);
  if (!std::isfinite(number)) return json(text);
  if (std::floor(number) == number && std::abs(number) < 9e15) {
    return json(static_cast<std::int64_t>(number));  // Go writes 1e3 as 1000
  }
  return json(number);
}

}  // namespace skerry::standalone
