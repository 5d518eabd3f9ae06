#include "cloudcore/standalone/manifests/yaml_value.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/config/yaml_document.h"

namespace skerry::standalone {
namespace {

using config::YamlEntry;
using config::YamlNode;
using nlohmann::json;

template <std::size_t N>
bool is_one_of(const std::string& word, const char* const (&words)[N]) {
  return std::any_of(std::begin(words), std::end(words),
                     [&](const char* each) { return word == each; });
}

constexpr const char* kNothing[] = {"", "~", "null", "Null", "NULL"};
constexpr const char* kTrue[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
constexpr const char* kFalse[] = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};

/// All of `digits` in that base.
std::optional<std::int64_t> whole(std::string_view digits, int base, bool negative) {
  std::int64_t out = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, out, base);
  if (digits.empty() || status != std::errc() || stop != end || digits.front() == '-') {
    return std::nullopt;
  }
  return negative ? -out : out;
}

std::optional<json> number(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = negative || text.starts_with('+') ? text.substr(1) : text;
  if (digits.empty() || (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9'))) {
    return std::nullopt;
  }
  if (digits.starts_with("0x")) return whole(digits.substr(2), 16, negative);
  if (digits.starts_with("0o")) return whole(digits.substr(2), 8, negative);
  if (digits.starts_with("0b")) return whole(digits.substr(2), 2, negative);
  const bool octal = digits.size() > 1 && digits[0] == '0' &&
                     digits.find_first_not_of("01234567") == std::string_view::npos;
  if (octal) return whole(digits, 8, negative);
  if (const auto out = whole(digits, 10, negative)) return *out;
  double out = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, out);
  if (status != std::errc() || stop != end) return std::nullopt;
  return negative ? -out : out;
}

json scalar(const YamlNode& node) {
  if (node.quoted) return node.scalar;
  if (is_one_of(node.scalar, kNothing)) return nullptr;
  if (is_one_of(node.scalar, kTrue)) return true;
  if (is_one_of(node.scalar, kFalse)) return false;
  if (auto read = number(node.scalar)) return std::move(*read);
  return node.scalar;
}

json value_of(const YamlNode& node) {
  switch (node.type) {
    case YamlNode::Type::kNull:
      return nullptr;
    case YamlNode::Type::kScalar:
      return scalar(node);
    case YamlNode::Type::kList: {
      json out = json::array();
      for (const YamlNode& each : node.items) out.push_back(value_of(each));
      return out;
    }
    case YamlNode::Type::kMap: {
      json out = json::object();
      for (const YamlEntry& each : node.entries) out[each.key] = value_of(each.value);
      return out;
    }
  }
  return nullptr;
}

}  // namespace

Result<json> read_yaml_value(std::string_view text) {
  const auto read = config::parse_yaml(text);
  if (!read) return fail(read.error());
  return value_of(*read);
}

}  // namespace skerry::standalone
