// The JSONPath of printer columns: fields, indexes, [*], and filters that compare one field with a
// literal, as in .status.conditions[?(@.type=="Ready")].status.
//
// Pure; any thread. Limits: kJsonPathStepsMax. Errors: kMalformed, what the path has that is not
// read here (ranges, unions, recursive descent). Source: k8s.io/client-go/util/jsonpath.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::size_t kJsonPathStepsMax = 64;

class JsonPath {
 public:
  static Result<JsonPath> parse(std::string_view text);
  /// What the path leads to, in order; what is missing is left out.
  std::vector<const nlohmann::json*> find(const nlohmann::json& object) const;

 private:
  struct Step {
    enum class What : std::uint8_t { kField, kIndex, kAll, kFilter };
    What what = What::kField;
    std::vector<std::string> fields;  // one; of a filter those that lead to what it compares
    std::int64_t index = 0;           // from the end when negative
    std::string compare;              // "==", "!=", "<", "<=", ">", ">="; empty: is there
    nlohmann::json literal;
  };
  class Parser;
  static bool holds(const Step& filter, const nlohmann::json& item);
  static void take(const Step& step,
                   const nlohmann::json& from,
                   std::vector<const nlohmann::json*>& out);

  std::vector<Step> steps_;
};

}  // namespace skerry::standalone
