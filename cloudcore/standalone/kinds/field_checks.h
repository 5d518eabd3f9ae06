// Gathers what is wrong with an object, in the words that several kinds share. Pure.
//
// Owner: a validating function. Source: k8s.io/apimachinery/pkg/util/validation(/field) and
// k8s.io/apimachinery/pkg/api/validation: as facts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

inline constexpr const char* kNotNegative = "must be greater than or equal to 0";
inline constexpr const char* kImmutable = "field is immutable";

class FieldChecks {
 public:
  void required(std::string field, std::string detail = {});
  void invalid(std::string field, nlohmann::json value, std::string detail);
  void forbidden(std::string field, std::string detail);
  void duplicate(std::string field, nlohmann::json value, std::string detail = {});
  void not_found(std::string field, nlohmann::json value);
  void not_supported(std::string field, nlohmann::json value, std::vector<std::string> supported);
  void too_long(std::string field, std::size_t max_bytes);
  void too_many(std::string field, std::size_t count, std::size_t max);
  void add(FieldErrors errors);

  // Rules with their words. `field` is the path of `value`.

  /// One `invalid` for each problem that a rule of name_rules.h found.
  void rule(const std::string& field,
            const nlohmann::json& value,
            const std::vector<std::string>& problems);
  /// `allowed` is all there is; empty or absent: required.
  void one_of(const std::string& field,
              const std::string& value,
              const std::vector<std::string>& allowed);
  /// An absent number is fine.
  void not_negative(const nlohmann::json& parent, std::string_view key, const std::string& path);
  /// What an update may not change; absent equals absent.
  void immutable(const nlohmann::json& now,
                 const nlohmann::json& before,
                 std::string_view key,
                 const std::string& path);
  /// A quantity; negative ones are wrong. Errors go to `field`.
  void quantity(const std::string& field, const nlohmann::json& value);
  /// matchLabels and matchExpressions.
  void label_selector(const std::string& field, const nlohmann::json& selector);
  /// metadata.labels of a template, `spec.selector` of a Service, ...
  void labels(const std::string& field, const nlohmann::json& labels);

  bool any() const { return !errors_.empty(); }
  FieldErrors take() { return std::move(errors_); }

 private:
  FieldErrors errors_;
};

/// "spec.containers[0]"
std::string at_index(const std::string& path, std::size_t index);
/// "data[key.json]"
std::string at_key(const std::string& path, const std::string& key);

}  // namespace skerry::standalone
