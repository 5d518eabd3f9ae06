// What a CustomResourceDefinition must be: its defaults, and everything that can be wrong with it,
// with the paths and words of Kubernetes.
//
// Pure; any thread. `definition` is decoded: fields have their types, what is unknown has gone.
// Source: apiextensions-apiserver, pkg/apis/apiextensions/{v1/defaults.go,validation}, as
// behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

void set_definition_defaults(nlohmann::json& definition);
/// status.storedVersions has the storage version. A new definition's status is this and nothing
/// else.
void note_stored_version(nlohmann::json& definition);

FieldErrors validate_definition(const nlohmann::json& definition);
/// What an update must leave as it was, and what it must keep.
FieldErrors validate_definition_update(const nlohmann::json& definition, const nlohmann::json& old);

}  // namespace skerry::standalone
