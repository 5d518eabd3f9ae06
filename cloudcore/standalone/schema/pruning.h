// Objects of CustomResourceDefinitions against their structural schema, before they are validated:
// what the schema does not specify goes, what it has defaults for comes.
//
// Pure; any thread. Recursion is as deep as the object, whose depth the decoder limits.
// Source: apiextensions-apiserver's pruning and defaulting, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

/// The paths of what was dropped ("spec.ports[0].foo"): those of the metadata, then the others,
/// sorted.
std::vector<std::string> prune(nlohmann::json& object, const TypeSchema& type);

/// Also drops null where the schema does not allow it: a null of a field asks for its default.
/// metadata has no defaults.
void set_defaults(nlohmann::json& value, const TypeSchema& type);

}  // namespace skerry::standalone
