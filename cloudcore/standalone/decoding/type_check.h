// An object against its kind: what the kind does not know goes, and what is wrong is said as a
// kube-apiserver says it, with the path.
//
// Two passes: fit_to_type over every object; strict_problems, which finds the words in the order of
// the text, only over one that was found wrong.
//
// Pure. Source: sigs.k8s.io/json (unknown and duplicate fields), Go's UnmarshalTypeError.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

inline constexpr std::size_t kStrictProblemsMax = 100;

/// What is done with values of a wrong type. A custom kind's validation has its own words for them.
enum class Mismatches { kRefused, kKept };

/// Drops unknown fields and nulls, fills a list's nulls, writes quantities as Kubernetes does.
/// False: something was unknown or of a wrong type.
bool fit_value(nlohmann::json& value, const TypeSchema& type, Mismatches mismatches);

struct TypeProblems {
  std::string mismatch;             // the first value of a wrong type; empty: none
  std::vector<std::string> strict;  // `unknown field "spec.foo"`, `duplicate field "spec.bar"`
};
/// Of JSON as it was sent, in its order.
TypeProblems problems_of_text(std::string_view text, const TypeSchema& type, Mismatches mismatches);
/// Of what was no JSON text: by name.
TypeProblems problems_of_value(const nlohmann::json& value,
                               const TypeSchema& type,
                               Mismatches mismatches);

}  // namespace skerry::standalone
