#include "cloudcore/standalone/custom_objects/keyword_checks.h"

#include <algorithm>
#include <cmath>

#include "cloudcore/standalone/custom_objects/formats.h"
#include "cloudcore/standalone/custom_objects/pattern.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Kind = FieldError::Kind;

void complain(FieldErrors& errors,
              Kind kind,
              const std::string& path,
              std::string detail,
              json value = nullptr) {
  FieldError& error = errors.emplace_back();
  error.kind = kind;
  error.field = path;
  error.detail = std::move(detail);
  error.value = std::move(value);
}

void invalid(FieldErrors& errors, const std::string& path, const std::string& what, json value) {
  complain(errors, Kind::kInvalid, path, path + " in body should " + what, std::move(value));
}

/// A number of a schema as Go prints it: whole ones without a point.
std::string number_text(const json& value) {
  if (!value.is_number_float()) return value.dump();
  const double number = value.get<double>();
  const bool whole = std::trunc(number) == number && std::abs(number) < 1e15;
  return whole ? std::to_string(static_cast<std::int64_t>(number)) : value.dump();
}

/// The characters of a text, not its bytes.
std::int64_t length_of(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

void check_multiple(const json& value,
                    const json& factor,
                    const std::string& path,
                    FieldErrors& errors) {
  // The value of an integer makes an integer of the factor, as in Kubernetes.
  if (value.is_number_integer() && factor.get<double>() < 1) {
    return complain(errors, Kind::kInvalid, path,
                    "factor MultipleOf declared for " + path + " must be positive: 0", 0);
  }
  const double quotient = value.get<double>() / factor.get<double>();
  if (std::abs(quotient - std::round(quotient)) < 1e-9) return;
  invalid(errors, path, "be a multiple of " + number_text(factor), value);
}

void check_number(const json& value,
                  const json& schema,
                  const std::string& path,
                  FieldErrors& errors) {
  const double number = value.get<double>();
  const json& factor = fields::at(schema, "multipleOf");
  if (factor.is_number()) check_multiple(value, factor, path, errors);
  const json& maximum = fields::at(schema, "maximum");
  if (maximum.is_number()) {
    const bool exclusive = fields::flag(schema, "exclusiveMaximum");
    const double limit = maximum.get<double>();
    if (number > limit || (exclusive && number >= limit)) {
      invalid(errors, path,
              (exclusive ? "be less than " : "be less than or equal to ") + number_text(maximum),
              value);
    }
  }
  const json& minimum = fields::at(schema, "minimum");
  if (!minimum.is_number()) return;
  const bool exclusive = fields::flag(schema, "exclusiveMinimum");
  const double limit = minimum.get<double>();
  if (number < limit || (exclusive && number <= limit)) {
    invalid(
        errors, path,
        (exclusive ? "be greater than " : "be greater than or equal to ") + number_text(minimum),
        value);
  }
}

void check_text(const json& value,
                const json& schema,
                const std::string& path,
                FieldErrors& errors) {
  const std::string& text = value.get_ref<const std::string&>();
  const std::int64_t length = length_of(text);
  if (const auto most = fields::number(schema, "maxLength"); most && length > *most) {
    complain(errors, Kind::kTooLong, path,
             "may not be more than " + std::to_string(*most) + " bytes");
  }
  if (const auto least = fields::number(schema, "minLength"); least && length < *least) {
    invalid(errors, path, "be at least " + std::to_string(*least) + " chars long", value);
  }
  const std::string pattern = fields::text(schema, "pattern");
  if (pattern.empty()) return;
  const auto compiled = Pattern::compile(pattern);  // a definition's patterns were checked
  if (compiled && !compiled->matches(text)) invalid(errors, path, "match '" + pattern + "'", value);
}

struct CountRow {
  const char* least;
  const char* most;
  const char* unit;
};

void check_count(const json& value,
                 const json& schema,
                 const CountRow& row,
                 const std::string& path,
                 FieldErrors& errors) {
  const auto count = static_cast<std::int64_t>(value.size());
  if (const auto most = fields::number(schema, row.most); most && count > *most) {
    complain(errors, Kind::kTooMany, path,
             std::to_string(count) + ": must have at most " + std::to_string(*most) + " items");
  }
  if (const auto least = fields::number(schema, row.least); least && count < *least) {
    invalid(errors, path, "have at least " + std::to_string(*least) + " " + row.unit, count);
  }
}

/// A schema inside of a validation: no types, only keywords.
FieldErrors check_nested(const json& value, const json& schema, const std::string& path) {
  FieldErrors errors;
  const json& allowed = fields::list(schema, "enum");
  if (value.is_null()) {
    check_enum(value, {allowed.begin(), allowed.end()}, path, errors);
    return errors;
  }
  check_logic(value, schema, path, errors);
  check_format(value, fields::text(schema, "format"), path, errors);
  check_limits(value, schema, path, errors);
  check_enum(value, {allowed.begin(), allowed.end()}, path, errors);
  const auto add = [&errors](FieldErrors more) {
    errors.insert(errors.end(), more.begin(), more.end());
  };
  if (value.is_object()) {
    for (const auto& [name, part] : fields::object(schema, "properties").items()) {
      const auto member = value.find(name);
      if (member != value.end()) add(check_nested(*member, part, member_path(path, name)));
    }
  }
  const json& items = fields::at(schema, "items");
  if (value.is_array() && items.is_object()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      add(check_nested(value[i], items, item_path(path, i)));
    }
  }
  return errors;
}

void composite(FieldErrors& errors, const std::string& path, const std::string& what) {
  complain(errors, Kind::kInvalid, "<nil>", json(path).dump() + " " + what, "");
}

void merge(FieldErrors& into, const FieldErrors& from) {
  into.insert(into.end(), from.begin(), from.end());
}

/// anyOf, oneOf: how many of the schemas hold, and the complaints of the first that does not.
struct Tried {
  std::size_t holding = 0;
  FieldErrors first_failure;
};
Tried try_all(const json& value, const json& schemas, const std::string& path) {
  Tried out;
  for (const json& each : schemas) {
    FieldErrors errors = check_nested(value, each, path);
    if (errors.empty()) ++out.holding;
    if (!errors.empty() && out.first_failure.empty()) out.first_failure = std::move(errors);
  }
  return out;
}

}  // namespace

std::string member_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

std::string item_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

const char* json_type(const json& value) {
  constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kIntegerMax) return "number";
  if (value.is_number_integer()) return "integer";
  return value.type_name();  // "null", "object", "array", "string", "boolean", "number"
}

void wrong_type(const json& shown,
                const std::string& wanted,
                const std::string& path,
                FieldErrors& errors) {
  complain(errors, Kind::kTypeInvalid, path,
           path + " in body must be of type " + wanted + ": " + shown.dump(), shown);
}

void check_logic(const json& value,
                 const json& schema,
                 const std::string& path,
                 FieldErrors& errors) {
  if (!schema.is_object()) return;
  if (const json& any = fields::list(schema, "anyOf"); !any.empty()) {
    const Tried tried = try_all(value, any, path);
    if (tried.holding == 0) {
      composite(errors, path, "must validate at least one schema (anyOf)");
      merge(errors, tried.first_failure);
    }
  }
  if (const json& one = fields::list(schema, "oneOf"); !one.empty()) {
    const Tried tried = try_all(value, one, path);
    const std::string what = "must validate one and only one schema (oneOf). Found ";
    if (tried.holding == 0) {
      composite(errors, path, what + "none valid");
      merge(errors, tried.first_failure);
    } else if (tried.holding > 1) {
      composite(errors, path, what + std::to_string(tried.holding) + " valid alternatives");
    }
  }
  if (const json& all = fields::list(schema, "allOf"); !all.empty()) {
    std::size_t holding = 0;
    for (const json& each : all) {
      const FieldErrors nested = check_nested(value, each, path);
      holding += nested.empty() ? 1 : 0;
      merge(errors, nested);
    }
    const std::string none = holding == 0 ? ". None validated" : "";
    if (holding < all.size())
      composite(errors, path, "must validate all the schemas (allOf)" + none);
  }
  const json& no = fields::at(schema, "not");
  if (no.is_object() && check_nested(value, no, path).empty()) {
    composite(errors, path, "must not validate the schema (not)");
  }
}

void check_limits(const json& value,
                  const json& schema,
                  const std::string& path,
                  FieldErrors& errors) {
  static constexpr CountRow kItems = {"minItems", "maxItems", "items"};
  static constexpr CountRow kProperties = {"minProperties", "maxProperties", "properties"};
  if (!schema.is_object()) return;
  if (value.is_string()) return check_text(value, schema, path, errors);
  if (value.is_number()) return check_number(value, schema, path, errors);
  if (value.is_array()) return check_count(value, schema, kItems, path, errors);
  if (!value.is_object()) return;
  check_count(value, schema, kProperties, path, errors);
  for (const std::string& name : fields::texts(schema, "required")) {
    require_member(value, name, path, errors);
  }
}

void check_format(const json& value,
                  const std::string& format,
                  const std::string& path,
                  FieldErrors& errors) {
  if (format.empty() || !value.is_string()) return;
  if (!has_format(value.get_ref<const std::string&>(), format))
    wrong_type(value, format, path, errors);
}

void check_enum(const json& value,
                const std::vector<json>& allowed,
                const std::string& path,
                FieldErrors& errors) {
  if (allowed.empty() || std::ranges::find(allowed, value) != allowed.end()) return;
  std::string names;
  for (const json& each : allowed) {
    const json shown = each.is_string() ? each : json(each.dump());
    names += (names.empty() ? "" : ", ") + shown.dump();
  }
  complain(errors, Kind::kNotSupported, path, "supported values: " + names, value);
}

void require_member(const json& object,
                    const std::string& name,
                    const std::string& path,
                    FieldErrors& errors) {
  if (!object.contains(name)) complain(errors, Kind::kRequired, member_path(path, name), "");
}

}  // namespace skerry::standalone
