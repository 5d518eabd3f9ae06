#include "cloudcore/standalone/patch/ownership.h"

#include <map>
#include <vector>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

/// A RawExtension and its like in the built-in types; a custom resource's unknown content is owned
/// by its keys.
bool is_whole_any(const TypeSchema& type) {
  return type.shape == Shape::kAny && !type.name.empty();
}

bool is_empty(const json& value) { return value.is_null() || value.empty(); }

/// What Go writes for a field that has no value.
bool is_zero(const json& value) {
  return is_empty(value) || value == json("") || value == json(0) || value == json(false);
}

std::string value_element(const json& item) {
  return "v:" + item.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json* default_of(const TypeSchema* item, const std::string& key) {
  const FieldSchema* field = item != nullptr ? item->field(key) : nullptr;
  return field != nullptr && field->default_value ? &*field->default_value : nullptr;
}

// ---- the set of what is applied
// ------------------------------------------------------------------

void add_applied_fields(const json& value, const TypeSchema* type, FieldSet& out) {
  for (const auto& [key, member] : value.items()) {
    FieldSet child = applied_fields(member, member_type(type, key));
    const bool empty_map = member.is_object() && member.empty();
    if (member.is_null() || empty_map || !is_named_field(type, key)) make_member(child);
    put_below(out, field_element(key), std::move(child));
  }
}

void add_applied_items(const json& value, const TypeSchema& type, FieldSet& out) {
  for (const json& item : value) {
    auto element = item_element(item, type);
    if (!element) continue;
    FieldSet child = applied_fields(item, type.item);
    make_member(child);
    put_below(out, std::move(*element), std::move(child));
  }
}

// ---- differences
// ---------------------------------------------------------------------------------

/// Everything of a value that has come or gone, each structure in it a member by itself.
FieldSet whole_of(const json& value, const TypeSchema* type) {
  FieldSet out;
  const Grain grain = is_empty(value) ? Grain::kWhole : grain_of(value, type);
  if (grain == Grain::kFields) {
    for (const auto& [key, member] : value.items()) {
      put_below(out, field_element(key), whole_of(member, member_type(type, key)));
    }
  } else if (grain == Grain::kItems) {
    for (const json& item : value) {
      if (auto element = item_element(item, *type)) {
        put_below(out, std::move(*element), whole_of(item, type->item));
      }
    }
  }
  make_member(out);
  return out;
}

Differences differ(const json* before, const json* after, const TypeSchema* type);

void put_child(Differences& out, const std::string& element, Differences child) {
  put_below(out.added, element, std::move(child.added));
  put_below(out.modified, element, std::move(child.modified));
  put_below(out.removed, element, std::move(child.removed));
}

void differ_fields(const json& before,
                   const json& after,
                   const TypeSchema* type,
                   Differences& out) {
  static const json kNothing = json::object();
  const json& a = before.is_object() ? before : kNothing;
  const json& b = after.is_object() ? after : kNothing;
  const auto& left = a.get_ref<const json::object_t&>();
  const auto& right = b.get_ref<const json::object_t&>();
  auto l = left.begin();
  auto r = right.begin();
  while (l != left.end() || r != right.end()) {
    const bool take_left = l != left.end() && (r == right.end() || l->first <= r->first);
    const bool take_right = r != right.end() && (l == left.end() || r->first <= l->first);
    const std::string& key = take_left ? l->first : r->first;
    const json* one = take_left ? &l->second : nullptr;
    const json* other = take_right ? &r->second : nullptr;
    if (one == nullptr || other == nullptr || *one != *other) {
      put_child(out, field_element(key), differ(one, other, member_type(type, key)));
    }
    if (take_left) ++l;
    if (take_right) ++r;
  }
}

using ItemsByElement = std::map<std::string, std::vector<const json*>>;

ItemsByElement index(const json& list, const TypeSchema& type) {
  ItemsByElement out;
  if (!list.is_array()) return out;
  for (const json& item : list) {
    if (auto element = item_element(item, type)) out[std::move(*element)].push_back(&item);
  }
  return out;
}

bool same_items(const std::vector<const json*>& a, const std::vector<const json*>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const json* x, const json* y) { return *x == *y; });
}

/// Items that stand several times for one key are told apart only as a whole.
Differences differ_duplicates(const std::vector<const json*>& before,
                              const std::vector<const json*>& after) {
  Differences out;
  if (before.empty()) {
    make_member(out.added);
  } else if (after.empty()) {
    make_member(out.removed);
  } else if (!same_items(before, after)) {
    make_member(out.modified);
  }
  return out;
}

void differ_items(const json& before, const json& after, const TypeSchema& type, Differences& out) {
  ItemsByElement left = index(before, type);
  const ItemsByElement right = index(after, type);
  static const std::vector<const json*> kNone;
  for (const auto& [element, items] : right) left.try_emplace(element);
  for (const auto& [element, items] : left) {
    const auto found = right.find(element);
    const auto& others = found == right.end() ? kNone : found->second;
    if (items.size() > 1 || others.size() > 1) {
      put_child(out, element, differ_duplicates(items, others));
      continue;
    }
    put_child(out, element,
              differ(items.empty() ? nullptr : items[0], others.empty() ? nullptr : others[0],
                     type.item));
  }
}

/// A null pointer: not there at all, which a JSON null is.
Differences differ(const json* before, const json* after, const TypeSchema* type) {
  Differences out;
  if (before == nullptr) {
    if (after != nullptr) out.added = whole_of(*after, type);
    return out;
  }
  if (after == nullptr) {
    out.removed = whole_of(*before, type);
    return out;
  }
  if (*before == *after) return out;
  const bool both_empty = is_empty(*before) && is_empty(*after);
  const Grain left = grain_of(*before, type);
  const Grain right = grain_of(*after, type);
  const Grain grain = before->is_null() ? right : left;
  const bool same = before->is_null() || after->is_null() || left == right;
  if (both_empty || grain == Grain::kWhole || !same) {
    make_member(out.modified);
  } else if (grain == Grain::kFields) {
    differ_fields(*before, *after, type, out);
  } else {
    differ_items(*before, *after, *type, out);
  }
  return out;
}

}  // namespace

Grain grain_of(const json& value, const TypeSchema* type) {
  if (type == nullptr) return value.is_object() ? Grain::kFields : Grain::kWhole;
  if (is_whole_any(*type)) return Grain::kWhole;
  const bool by_items = type->ownership == Ownership::kByKeys || type->ownership == Ownership::kSet;
  switch (type->shape) {
    case Shape::kObject:
    case Shape::kMap:
      if (type->ownership == Ownership::kAtomic) return Grain::kWhole;
      return value.is_object() || value.is_null() ? Grain::kFields : Grain::kWhole;
    case Shape::kList:
      return by_items && (value.is_array() || value.is_null()) ? Grain::kItems : Grain::kWhole;
    case Shape::kAny:
      return value.is_object() ? Grain::kFields : Grain::kWhole;
    default:
      return Grain::kWhole;
  }
}

const TypeSchema* member_type(const TypeSchema* type, std::string_view name) {
  if (type == nullptr) return nullptr;
  if (type->shape == Shape::kMap) return type->item;
  const FieldSchema* field = type->field(name);
  return field != nullptr ? field->type : nullptr;
}

bool is_named_field(const TypeSchema* type, std::string_view name) {
  return type != nullptr && type->shape == Shape::kObject && type->field(name) != nullptr;
}

std::optional<std::string> item_element(const json& item, const TypeSchema& list) {
  if (list.ownership == Ownership::kSet) return value_element(item);
  json keys = json::object();
  for (const std::string& key : list.list_map_keys) {
    const json& given = k8s::fields::at(item, key);
    const json* value = given.is_null() ? default_of(list.item, key) : &given;
    if (value != nullptr) keys[key] = *value;
  }
  if (keys.empty()) return std::nullopt;
  return "k:" + keys.dump(-1, ' ', false, json::error_handler_t::replace);
}

FieldSet applied_fields(const json& value, const TypeSchema* type) {
  FieldSet out;
  const Grain grain = grain_of(value, type);
  if (grain == Grain::kWhole) {
    make_member(out);
  } else if (grain == Grain::kFields && value.is_object()) {
    add_applied_fields(value, type, out);
  } else if (grain == Grain::kItems && value.is_array()) {
    add_applied_items(value, *type, out);
  }
  return out;
}

Differences differences(const json& before, const json& after, const TypeSchema* type) {
  return differ(&before, &after, type);
}

json zero_object(const TypeSchema& type) {
  json out = json::object();
  for (const FieldSchema& field : type.fields) {
    const bool structure = field.type->shape == Shape::kObject;
    if (field.default_value && structure && field.default_value->is_object()) {
      out[field.name] = zero_object(*field.type);
    } else if (field.required) {
      const bool zero = field.default_value && is_zero(*field.default_value);
      out[field.name] = zero ? *field.default_value : json(nullptr);
    }
  }
  return out;
}

}  // namespace skerry::standalone
