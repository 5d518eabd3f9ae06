// What is wrong with an object, field by field, as Kubernetes words it. Pure.
// Source: k8s.io/apimachinery/pkg/util/validation/field.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace skerry::standalone {

/// One thing that is wrong with an object, with the field's path ("spec.containers[0].name").
struct FieldError {
  enum class Kind {
    kRequired,
    kInvalid,
    kNotSupported,
    kForbidden,
    kDuplicate,
    kTooLong,
    kTooMany,
    kNotFound,
    kTypeInvalid
  };
  Kind kind = Kind::kInvalid;
  std::string field;
  std::string detail;
  nlohmann::json value =
      nullptr;  // kInvalid, kNotSupported, kDuplicate, kTypeInvalid: what was given
  std::vector<std::string> supported;  // kNotSupported
  /// Instead of `value`: how Go prints a struct of Kubernetes' own; empty: no value is shown.
  std::optional<std::string> shown = std::nullopt;

  /// "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
  std::string text() const;
  /// The same without the field: what a Status' cause says.
  std::string cause() const;
  /// "FieldValueInvalid": a Status' reason of the cause.
  const char* reason() const;
};
using FieldErrors = std::vector<FieldError>;

}  // namespace skerry::standalone
