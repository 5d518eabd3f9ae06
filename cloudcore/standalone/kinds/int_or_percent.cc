#include "cloudcore/standalone/kinds/int_or_percent.h"

#include <charconv>

#include "cloudcore/standalone/kinds/name_rules.h"

namespace skerry::standalone {

using nlohmann::json;

void check_int_or_percent(FieldChecks& checks, const std::string& path, const json& value) {
  if (value.is_string()) {
    checks.rule(path, value, name_rules::percent(value.get_ref<const std::string&>()));
  } else if (value.is_number() && value.get<std::int64_t>() < 0) {
    checks.invalid(path, value, kNotNegative);
  }
}

void check_at_most_whole(FieldChecks& checks, const std::string& path, const json& value) {
  const bool percent = value.is_string() && value.get_ref<const std::string&>().ends_with('%');
  if (percent && amount_of(value) > 100) {
    checks.invalid(path, value, "must not be greater than 100%");
  }
}

std::int64_t amount_of(const json& value) {
  if (value.is_number()) return value.get<std::int64_t>();
  std::int64_t out = 0;
  if (!value.is_string()) return out;
  const std::string& text = value.get_ref<const std::string&>();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace skerry::standalone
