// Bodies of requests into objects: JSON or YAML, a size and a depth, the fields that the kind
// knows. Pure. Source: field validation (KEP-2885), json decoding of kube-apiserver.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/api/api_error.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

inline constexpr std::size_t kBodyDepthMax = 512;

/// Any JSON or YAML value. Errors: 400, 413, 415 (`accepted` names what may be sent).
Answer<nlohmann::json> decode_body(std::string_view content_type,
                                   std::string_view body,
                                   std::string_view accepted);

/// What a client wants done with fields that the kind does not know.
enum class FieldValidation { kIgnore, kWarn, kStrict };
/// Of the query parameter; empty: kWarn. Errors: 400.
Answer<FieldValidation> field_validation(std::string_view param);

/// Drops the fields that `type` does not know and null members, and says which were unknown:
/// `unknown field "spec.foo"`. What has the wrong type is an error, as the API's decoder words it.
Answer<std::vector<std::string>> fit_to_type(nlohmann::json& object, const KindRow& row);

}  // namespace skerry::standalone
