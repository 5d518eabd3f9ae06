// What of an object can be owned by itself: walks an object beside its type and gives the sets of
// its fields, or of those in which two objects differ.
//
// Pure; a null type stands for content that no schema describes: maps by their keys, lists whole.
// Source: sigs.k8s.io/structured-merge-diff/v6/typed (tofieldset.go, compare.go), as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cloudcore/standalone/patch/field_set.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

/// How one value is owned: whole, field by field, or item by item.
enum class Grain { kWhole, kFields, kItems };
/// `value` may be null; then the type alone decides.
Grain grain_of(const nlohmann::json& value, const TypeSchema* type);

/// The type of a member or item; null when none is known.
const TypeSchema* member_type(const TypeSchema* type, std::string_view name);
/// Is it a field that the type names, and not a key of a map?
bool is_named_field(const TypeSchema* type, std::string_view name);

/// "k:{...}" or "v:..." of an item of a list that is owned by items. A missing key has its default,
/// or is left out; nothing when all are.
std::optional<std::string> item_element(const nlohmann::json& item, const TypeSchema& list);

/// What a configuration that somebody applies says: its leaves, and the items of its lists.
FieldSet applied_fields(const nlohmann::json& value, const TypeSchema* type);

struct Differences {
  FieldSet added;
  FieldSet modified;
  FieldSet removed;
};
Differences differences(const nlohmann::json& before,
                        const nlohmann::json& after,
                        const TypeSchema* type);

/// An object of the type with nothing set, as Kubernetes' own types write it: what a create is
/// compared with, so that structures that are always there belong to nobody.
nlohmann::json zero_object(const TypeSchema& type);

}  // namespace skerry::standalone
