// Label and field selectors, as strings ("app=web,tier in (a,b),!old") and as LabelSelector
// objects. Pure. Source: k8s.io/apimachinery/pkg/labels and /fields; meta/v1 LabelSelector.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::k8s {

struct Requirement {
  enum class Operator : std::uint8_t { kIn, kNotIn, kExists, kAbsent, kGreater, kLess };
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;
};

/// All requirements must hold; none at all: everything matches. Immutable, any thread.
class LabelSelector {
 public:
  using Labels = std::map<std::string, std::string>;

  LabelSelector() = default;
  /// Errors: kMalformed with the place, as the API words it.
  static Result<LabelSelector> parse(std::string_view text);
  /// matchLabels and matchExpressions; null matches nothing, an empty object everything.
  static Result<LabelSelector> from_object(const nlohmann::json& selector);

  bool matches(const Labels& labels) const;
  bool everything() const { return !nothing_ && requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

/// "metadata.name=web,status.phase!=Running". Immutable, any thread.
class FieldSelector {
 public:
  struct Term {
    std::string path;
    std::string value;
    bool equal = true;
  };
  FieldSelector() = default;
  /// Errors: kMalformed.
  static Result<FieldSelector> parse(std::string_view text);
  const std::vector<Term>& terms() const { return terms_; }
  /// The value that `path` must have, when the selector names one.
  std::optional<std::string> required(std::string_view path) const;

 private:
  std::vector<Term> terms_;
};

}  // namespace skerry::k8s
