// The merge of server-side apply: a configuration into an object by the keys of lists, and what
// leaves the object when an applier no longer names it.
//
// Pure. Source: sigs.k8s.io/structured-merge-diff/v6/typed (merge.go, remove.go, validate.go).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/patch/field_set.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

/// What keeps a configuration from being applied, a line each: ".spec.foo: field not declared in
/// schema". `config` is not deeper than the reader of bodies allows.
std::vector<std::string> configuration_problems(const nlohmann::json& config,
                                                const TypeSchema* type);

/// `live` with what `config` says. Items that both have come in the order of the configuration, the
/// others stay where they were.
nlohmann::json structured_merge(const nlohmann::json& live,
                                const nlohmann::json& config,
                                const TypeSchema* type);

/// `value` without the members of the set and all that is below them.
nlohmann::json without_fields(const nlohmann::json& value,
                              const FieldSet& set,
                              const TypeSchema* type);

/// The set, with the fields that the type names as members wherever something below them is one.
FieldSet with_named_fields(FieldSet set, const TypeSchema* type);

}  // namespace skerry::standalone
