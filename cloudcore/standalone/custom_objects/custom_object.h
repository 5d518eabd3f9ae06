// An object of a CustomResourceDefinition as the API takes and gives it: what is valid, and what
// its scale is.
//
// Pure; any thread. `row` has a custom_version. Source: apiextensions-apiserver's strategy of
// custom resources, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cloudcore/standalone/kinds/field_error.h"
#include "cloudcore/standalone/schema/custom_version.h"

namespace skerry::standalone {

/// `object` in the row's version, after pruning and defaults; `old` null: it is new.
FieldErrors validate_custom(const KindRow& row,
                            const nlohmann::json& object,
                            const nlohmann::json* old);

/// Of a change through the status subresource: what is wrong with the status.
FieldErrors validate_custom_status(const KindRow& row,
                                   const nlohmann::json& object,
                                   const nlohmann::json& old);

/// Whether metadata.generation counts the change: all but metadata does, and status where it is a
/// subresource.
bool counts_as_change(const KindRow& row, const nlohmann::json& object, const nlohmann::json& old);

/// The value at a path of fields alone (".spec.replicas"); null: there is none.
const nlohmann::json& at_simple_path(const nlohmann::json& object, std::string_view path);
/// Puts it there; what is no object on the way is replaced.
void put_at_simple_path(nlohmann::json& object, std::string_view path, nlohmann::json value);

}  // namespace skerry::standalone
