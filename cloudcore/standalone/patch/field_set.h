// A set of fields of an object as managedFields writes it (FieldsV1), with the algebra that
// ownership needs, on that form itself: what a manager holds is neither decoded nor encoded for a
// write that does not concern it.
//
// A set is null when it is empty, else an object with a member for each element that is in the set
// or has something in it below: "f:<name>" a field, "k:<keys as JSON>" an item of a list by its
// keys, "v:<JSON>" an item of a set, "i:<n>" a place. An element that is in the set itself is {} or
// has ".".
//
// Pure. Source: KEP-555; sigs.k8s.io/structured-merge-diff/v6/fieldpath.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::standalone {

using FieldSet = nlohmann::json;

inline constexpr int kFieldSetDepthMax = 600;

std::string field_element(std::string_view name);  // "f:name"

/// Is the element that this node stands for in the set itself?
bool is_member(const FieldSet& node);
void make_member(FieldSet& node);
/// Puts `child` below; nothing happens when it is empty.
void put_below(FieldSet& node, std::string element, FieldSet child);
/// What stands below an element; null: nothing.
const FieldSet& below(const FieldSet& node, std::string_view element);

void unite(FieldSet& set, const FieldSet& with);
/// Members of `other` leave; what is below them stays.
void subtract(FieldSet& set, const FieldSet& other);
/// Members of `other` leave with all that is below them.
void subtract_whole(FieldSet& set, const FieldSet& other);
FieldSet intersection(const FieldSet& a, const FieldSet& b);

/// Of a client's bytes: all elements have a known prefix, and it is not too deep.
bool is_field_set(const nlohmann::json& set);

/// The members as Kubernetes writes paths: `.spec.containers[name="a"].image`, those of one element
/// before those below it.
std::vector<std::string> field_paths(const FieldSet& set);

}  // namespace skerry::standalone
