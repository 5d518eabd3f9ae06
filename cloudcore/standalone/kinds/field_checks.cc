#include "cloudcore/standalone/kinds/field_checks.h"

#include <algorithm>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {

using nlohmann::json;
namespace fields = k8s::fields;
using Kind = FieldError::Kind;

void FieldChecks::required(std::string field, std::string detail) {
  errors_.push_back({Kind::kRequired, std::move(field), std::move(detail), nullptr, {}});
}
void FieldChecks::invalid(std::string field, json value, std::string detail) {
  errors_.push_back({Kind::kInvalid, std::move(field), std::move(detail), std::move(value), {}});
}
void FieldChecks::forbidden(std::string field, std::string detail) {
  errors_.push_back({Kind::kForbidden, std::move(field), std::move(detail), nullptr, {}});
}
void FieldChecks::duplicate(std::string field, json value, std::string detail) {
  errors_.push_back({Kind::kDuplicate, std::move(field), std::move(detail), std::move(value), {}});
}
void FieldChecks::not_found(std::string field, json value) {
  errors_.push_back({Kind::kNotFound, std::move(field), {}, std::move(value), {}});
}
void FieldChecks::not_supported(std::string field, json value, std::vector<std::string> supported) {
  errors_.push_back(
      {Kind::kNotSupported, std::move(field), {}, std::move(value), std::move(supported)});
}
void FieldChecks::too_long(std::string field, std::size_t max_bytes) {
  errors_.push_back({Kind::kTooLong,
                     std::move(field),
                     "may not be more than " + std::to_string(max_bytes) + " bytes",
                     nullptr,
                     {}});
}
void FieldChecks::too_many(std::string field, std::size_t count, std::size_t max) {
  errors_.push_back({Kind::kTooMany,
                     std::move(field),
                     std::to_string(count) + ": must have at most " + std::to_string(max) +
                         (max == 1 ? " item" : " items"),
                     nullptr,
                     {}});
}
void FieldChecks::add(FieldErrors errors) {
  errors_.insert(errors_.end(), std::make_move_iterator(errors.begin()),
                 std::make_move_iterator(errors.end()));
}

void FieldChecks::rule(const std::string& field,
                       const json& value,
                       const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) invalid(field, value, problem);
}

void FieldChecks::one_of(const std::string& field,
                         const std::string& value,
                         const std::vector<std::string>& allowed) {
  if (value.empty()) return required(field);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    not_supported(field, value, allowed);
  }
}

void FieldChecks::not_negative(const json& parent, std::string_view key, const std::string& path) {
  const auto value = fields::number(parent, key);
  if (value && *value < 0) invalid(path + "." + std::string(key), *value, kNotNegative);
}

void FieldChecks::immutable(const json& now,
                            const json& before,
                            std::string_view key,
                            const std::string& path) {
  const json& wanted = fields::at(now, key);
  if (wanted == fields::at(before, key)) return;
  invalid(path.empty() ? std::string(key) : path + "." + std::string(key), wanted, kImmutable);
}

void FieldChecks::quantity(const std::string& field, const json& value) {
  const std::string text = fields::text_or_number(value);
  const auto parsed = k8s::parse_quantity(text);
  if (parsed && parsed->milli_value() < 0) invalid(field, text, kNotNegative);
}

void FieldChecks::label_selector(const std::string& field, const json& selector) {
  labels(field + ".matchLabels", fields::object(selector, "matchLabels"));
  const json& expressions = fields::list(selector, "matchExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const std::string at = at_index(field + ".matchExpressions", i);
    const std::string op = fields::text(expressions[i], "operator");
    const json& values = fields::list(expressions[i], "values");
    if (op == "In" || op == "NotIn") {
      if (values.empty()) {
        required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!values.empty()) {
        forbidden(at + ".values",
                  "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      invalid(at + ".operator", op, "not a valid selector operator");
    }
    const std::string key = fields::text(expressions[i], "key");
    rule(at + ".key", key, name_rules::qualified_name(key));
    for (std::size_t j = 0; j < values.size(); ++j) {
      const std::string value = values[j].is_string() ? values[j].get<std::string>() : "";
      rule(at_index(at + ".values", j), value, name_rules::label_value(value));
    }
  }
}

void FieldChecks::labels(const std::string& field, const json& labels) {
  for (const auto& [key, value] : labels.items()) {
    rule(field, key, name_rules::qualified_name(key));
    const std::string text = fields::text_or_number(value);
    rule(field, text, name_rules::label_value(text));
  }
}

std::string at_index(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

std::string at_key(const std::string& path, const std::string& key) {
  return path + "[" + key + "]";
}

}  // namespace skerry::standalone
