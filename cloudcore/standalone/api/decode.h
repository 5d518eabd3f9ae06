// Bodies of requests into objects: JSON, YAML or protobuf, a size and a depth, the fields that the
// kind knows. What the forms themselves are: decoding/ and protobuf/.
//
// Pure. Errors: 400 in kube-apiserver's words, 413, 415. Source: field validation (KEP-2885), the
// serializers of k8s.io/apimachinery, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/api/api_error.h"
#include "cloudcore/standalone/api/request.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

inline constexpr std::size_t kBodyDepthMax = 512;

/// Any value. `accepted` names what may be sent.
Answer<nlohmann::json> decode_body(std::string_view content_type,
                                   std::string_view body,
                                   std::string_view accepted);

/// The object of a create or update, of the row's kind, which a body may leave out.
struct DecodedObject {
  nlohmann::json object;
  /// What a strict client does not want: `unknown field "spec.foo"`, `duplicate field "spec.bar"`,
  /// and of YAML `line 3: key "bar" already set in map`.
  std::vector<std::string> strict;
};
Answer<DecodedObject> decode_object(const ApiRequest& request, const KindRow& row);

/// What a client wants done with fields that the kind does not know.
enum class FieldValidation { kIgnore, kWarn, kStrict };
/// Of the query parameter; empty: kWarn. Errors: 422 of `options`, "CreateOptions".
Answer<FieldValidation> field_validation(std::string_view param, std::string_view options);

/// Drops the fields that `type` does not know and null members, and says which were unknown:
/// `unknown field "spec.foo"`. What has the wrong type is an error, as the API's decoder words it.
Answer<std::vector<std::string>> fit_to_type(nlohmann::json& object, const KindRow& row);

}  // namespace skerry::standalone
