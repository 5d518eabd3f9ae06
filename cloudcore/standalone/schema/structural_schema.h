// The openAPIV3Schema of a CustomResourceDefinition as a TypeSchema, if it is structural.
//
// Owner: whoever asks; pure, any thread. Limits: kSchemaDepthMax levels. Errors: kMalformed with
// every problem in Kubernetes' words, as "[a, b]" when there are several; the problems one by one
// from structural_problems. Not checked: that a default obeys its schema, that a pattern is a
// regular expression, and x-kubernetes-validations (CEL), which are kept and not run.
// Source: apiextensions-apiserver 0.34, pkg/apiserver/schema and pkg/apis/apiextensions/validation.
#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/schema/type_schema.h"
#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr int kSchemaDepthMax = 100;

/// One cause of a Status with reason Invalid.
struct FieldProblem {
  std::string reason;   // "FieldValueRequired"
  std::string field;    // "spec.validation.openAPIV3Schema.properties[spec].type"
  std::string message;  // "Required value: must not be empty for specified object fields"
  std::string text() const { return field + ": " + message; }
};

/// Sorted by text; empty when the schema is structural. `path` is where the schema stands.
std::vector<FieldProblem> structural_problems(const nlohmann::json& open_api_v3_schema,
                                              std::string_view path = "openAPIV3Schema");

struct OwnedSchema {
  const TypeSchema* root = nullptr;  // with apiVersion, kind and metadata (ObjectMeta)
  bool has_rules = false;            // x-kubernetes-validations somewhere: a warning is due
  std::deque<TypeSchema> store;      // the addresses stay
};

Result<std::shared_ptr<const OwnedSchema>> structural_schema(
    const nlohmann::json& open_api_v3_schema);

}  // namespace skerry::standalone
