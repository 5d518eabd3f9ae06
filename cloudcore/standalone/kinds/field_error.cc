#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// A value as Go's field errors print it: strings quoted, numbers bare, others as JSON in a string.
std::string as_text(const json& value) {
  return value.is_string() ? json(value).dump() : value.dump();
}

}  // namespace

std::string FieldError::text() const { return field + ": " + cause(); }

const char* FieldError::reason() const {
  switch (kind) {
    case FieldError::Kind::kRequired:
      return "FieldValueRequired";
    case FieldError::Kind::kInvalid:
      return "FieldValueInvalid";
    case FieldError::Kind::kNotSupported:
      return "FieldValueNotSupported";
    case FieldError::Kind::kForbidden:
      return "FieldValueForbidden";
    case FieldError::Kind::kDuplicate:
      return "FieldValueDuplicate";
    case FieldError::Kind::kTooLong:
      return "FieldValueTooLong";
    case FieldError::Kind::kTooMany:
      return "FieldValueTooMany";
    case FieldError::Kind::kNotFound:
      return "FieldValueNotFound";
    case FieldError::Kind::kTypeInvalid:
      return "FieldValueTypeInvalid";
  }
  return "FieldValueInvalid";
}

std::string FieldError::cause() const {
  const std::string tail = detail.empty() ? "" : ": " + detail;
  const std::string given = shown ? *shown : as_text(value);
  const std::string with_value = (given.empty() ? "" : ": " + given) + tail;
  switch (kind) {
    case FieldError::Kind::kRequired:
      return "Required value" + tail;
    case FieldError::Kind::kForbidden:
      return "Forbidden" + tail;
    case FieldError::Kind::kTooLong:
      return "Too long" + tail;
    case FieldError::Kind::kTooMany:
      return "Too many" + tail;
    case FieldError::Kind::kDuplicate:
      return "Duplicate value" + with_value;
    case FieldError::Kind::kNotFound:
      return "Not found" + with_value;
    case FieldError::Kind::kInvalid:
    case FieldError::Kind::kTypeInvalid:
      return "Invalid value" + with_value;
    case FieldError::Kind::kNotSupported:
      break;
  }
  std::string list;
  for (const std::string& name : supported) list += (list.empty() ? "" : ", ") + in_quotes(name);
  return "Unsupported value: " + given + (list.empty() ? tail : ": supported values: " + list);
}

}  // namespace skerry::standalone
