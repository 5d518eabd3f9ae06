// Strategic merge patch: a merge patch that merges lists by the keys that the type declares, with
// directives ($patch, $deleteFromPrimitiveList, $setElementOrder, $retainKeys). Pure.
// Source: k8s.io/apimachinery/pkg/util/strategicpatch, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/schema/type_schema.h"
#include "common/base/result.h"

namespace skerry::standalone {

/// `original` with `patch` merged in. Neither is deeper than the reader of bodies allows.
/// Errors, in Kubernetes' words: kMalformed (no object, a directive of a wrong form), kInternal (an
/// element without its merge key, an unknown directive, an order that does not fit).
Result<nlohmann::json> strategic_merge(const nlohmann::json& original,
                                       const nlohmann::json& patch,
                                       const TypeSchema& type);

}  // namespace skerry::standalone
