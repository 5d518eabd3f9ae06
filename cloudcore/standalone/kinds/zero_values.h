// What a kube-apiserver does not write back: optional fields of its own types that hold nothing. A
// client that sends `env: []` or `value: ""` reads an object without them. Pure.
//
// The OpenAPI does not tell which fields are pointers upstream, where "" and 0 mean something: the
// tables in zero_values.cc do. Source: the types of k8s.io/api, `omitempty` of their fields.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

/// `field` of a built-in `type` holds `value`, which is as good as absent.
bool is_unwritten(const TypeSchema& type, const FieldSchema& field, const nlohmann::json& value);

}  // namespace skerry::standalone
