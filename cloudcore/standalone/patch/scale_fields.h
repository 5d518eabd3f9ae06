// Who owns the number of replicas, as the object and as its Scale tell it: the same managers, with
// the object's own field in one and the Scale's in the other.
//
// Pure. Source: k8s.io/apimachinery/pkg/util/managedfields/scalehandler.go, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cloudcore/standalone/patch/field_set.h"

namespace skerry::standalone {

/// The set of one field: ".spec.replicas".
FieldSet field_at(std::string_view simple_path);

/// The managedFields of a Scale from those of its object, whose number stands at `replicas`; null:
/// nobody owns it.
nlohmann::json scale_entries(const nlohmann::json& object_entries, const FieldSet& replicas);

/// The managedFields of the object after a write of its Scale; `api_version` is the object's.
nlohmann::json object_entries(const nlohmann::json& entries_before,
                              const nlohmann::json& scale_entries,
                              const FieldSet& replicas,
                              const std::string& api_version);

}  // namespace skerry::standalone
