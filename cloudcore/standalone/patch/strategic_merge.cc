#include "cloudcore/standalone/patch/strategic_merge.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

Result<json> merge_object(json original, const json& patch, const TypeSchema* type);

// ---- elements of lists --------------------------------------------------------------------------

/// What tells elements of a merged list apart: the value of the merge key, or a scalar itself.
const json& identity_of(const json& element, const std::string& key) {
  return key.empty() ? element : fields::at(element, key);
}

json::iterator find_element(json& list, const json& identity, const std::string& key) {
  return std::find_if(list.begin(), list.end(),
                      [&](const json& each) { return identity_of(each, key) == identity; });
}

bool contains_element(const json& list, const json& identity, const std::string& key) {
  return std::any_of(list.begin(), list.end(),
                     [&](const json& each) { return identity_of(each, key) == identity; });
}

/// Position of an element in a list of elements or of bare identities; -1: not there.
std::ptrdiff_t position(const json& order, const json& element, const std::string& key) {
  const json& wanted = identity_of(element, key);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (identity_of(order[i], key) == wanted) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

void sort_by(std::vector<json>& items, const json& order, const std::string& key) {
  std::stable_sort(items.begin(), items.end(), [&](const json& a, const json& b) {
    return position(order, a, key) < position(order, b, key);
  });
}

/// Elements in the order that the client wants, with those that it does not know kept near where
/// the server had them.
json in_order(const json& merged, const json& wanted, const json& former, const std::string& key) {
  std::vector<json> known;
  std::vector<json> others;
  for (const json& each : merged) {
    (position(wanted, each, key) >= 0 ? known : others).push_back(each);
  }
  sort_by(known, wanted, key);
  sort_by(others, former, key);
  json out = json::array();
  std::size_t k = 0;
  std::size_t o = 0;
  while (k < known.size() || o < others.size()) {
    bool take_other = k == known.size();
    if (k < known.size() && o < others.size()) {
      const auto other_at = position(former, others[o], key);
      const auto known_at = position(former, known[k], key);
      take_other = other_at < 0 || known_at < 0 || other_at < known_at;
    }
    out.push_back(take_other ? others[o++] : known[k++]);
  }
  return out;
}

// ---- what a patch adds --------------------------------------------------------------------------

/// A part of a patch with nothing to merge into: directives and nulls go.
json without_directives(const json& patch) {
  if (patch.is_array()) {
    json out = json::array();
    for (const json& each : patch) {
      const std::string directive = fields::text(each, kDirective);
      if (directive == "delete" || directive == "replace") continue;
      out.push_back(without_directives(each));
    }
    return out;
  }
  if (!patch.is_object()) return patch;
  if (fields::text(patch, kDirective) == "delete") return json::object();
  json out = json::object();
  for (const auto& [key, value] : patch.items()) {
    if (key == kDirective || key == kRetainKeys || key.starts_with(kDeleteFrom) ||
        key.starts_with(kElementOrder) || value.is_null()) {
      continue;
    }
    out[key] = without_directives(value);
  }
  return out;
}

json merge_scalars(json original, const json& patch) {
  for (const json& each : patch) {
    if (!contains_element(original, each, "")) original.push_back(each);
  }
  return original;
}

Result<json> merge_elements(json original,
                            const json& patch,
                            const std::string& key,
                            const TypeSchema* item) {
  const bool replaces = std::any_of(patch.begin(), patch.end(), [](const json& each) {
    return fields::text(each, kDirective) == "replace";
  });
  if (replaces) return without_directives(patch);
  for (const json& each : patch) {
    if (!each.is_object() || identity_of(each, key).is_null()) {
      return fail(Code::kMalformed,
                  "map: " + each.dump() + " does not contain declared merge key: " + key);
    }
    const json& identity = identity_of(each, key);
    auto found = find_element(original, identity, key);
    if (fields::text(each, kDirective) == "delete") {
      for (; found != original.end(); found = find_element(original, identity, key)) {
        original.erase(found);
      }
    } else if (found == original.end()) {
      original.push_back(without_directives(each));
    } else {
      auto merged = merge_object(std::move(*found), each, item);
      if (!merged) return merged;
      *found = std::move(*merged);
    }
  }
  return original;
}

Result<json> merge_list(json original, const json& patch, const FieldSchema& field) {
  if (field.patch_merge_key.empty()) return merge_scalars(std::move(original), patch);
  return merge_elements(std::move(original), patch, field.patch_merge_key, field.type->item);
}

// ---- objects ------------------------------------------------------------------------------------

/// The other members of a union go when one is named.
void retain_keys(json& original, const json& patch) {
  const auto kept = patch.find(kRetainKeys);
  if (kept == patch.end() || !kept->is_array()) return;
  for (auto member = original.begin(); member != original.end();) {
    const bool keep = std::find(kept->begin(), kept->end(), json(member.key())) != kept->end();
    member = keep ? std::next(member) : original.erase(member);
  }
}

void delete_from_list(json& original, const std::string& name, const json& values) {
  const auto list = original.find(name);
  if (list == original.end() || !list->is_array() || !values.is_array()) return;
  json kept = json::array();
  for (const json& each : *list) {
    if (!contains_element(values, each, "")) kept.push_back(each);
  }
  *list = std::move(kept);
}

Result<void> merge_member(json& original,
                          const std::string& name,
                          const json& value,
                          const FieldSchema* field,
                          const TypeSchema* item) {
  const auto there = original.find(name);
  if (value.is_null()) {
    original.erase(name);
    return {};
  }
  if (there == original.end() || there->type() != value.type()) {
    original[name] = without_directives(value);
    return {};
  }
  Result<json> merged = value;
  if (value.is_object() && !(field != nullptr && field->patch_replace)) {
    const TypeSchema* type = field != nullptr ? field->type : item;
    merged = merge_object(std::move(*there), value, type);
  } else if (value.is_array() && field != nullptr && field->patch_merge) {
    merged = merge_list(std::move(*there), value, *field);
  } else if (value.is_structured()) {
    merged = without_directives(value);
  }
  if (!merged) return fail(merged.error());
  original[name] = std::move(*merged);
  return {};
}

/// After the lists were merged: `$setElementOrder/x` also moves what the patch does not change.
void set_order(json& object, const json& former, const json& patch, const TypeSchema* type) {
  for (const auto& [key, order] : patch.items()) {
    if (!key.starts_with(kElementOrder) || !order.is_array()) continue;
    const std::string name = key.substr(kElementOrder.size());
    const auto list = object.find(name);
    const FieldSchema* field = type != nullptr ? type->field(name) : nullptr;
    if (list == object.end() || !list->is_array() || field == nullptr) continue;
    *list = in_order(*list, order, fields::list(former, name), field->patch_merge_key);
  }
}

Result<json> merge_object(json original, const json& patch, const TypeSchema* type) {
  const std::string directive = fields::text(patch, kDirective);
  if (directive == "replace") return without_directives(patch);
  if (directive == "delete") return json::object();
  if (!directive.empty() && directive != "merge") {
    return fail(Code::kMalformed, "unknown patch type found: " + directive);
  }
  const json former = original;
  retain_keys(original, patch);
  const bool is_map = type != nullptr && type->shape == TypeSchema::Shape::kMap;
  for (const auto& [key, value] : patch.items()) {
    if (key == kDirective || key == kRetainKeys || key.starts_with(kElementOrder)) continue;
    if (key.starts_with(kDeleteFrom)) {
      delete_from_list(original, key.substr(kDeleteFrom.size()), value);
      continue;
    }
    const FieldSchema* field = type != nullptr ? type->field(key) : nullptr;
    auto merged = merge_member(original, key, value, field, is_map ? type->item : nullptr);
    if (!merged) return fail(merged.error());
  }
  set_order(original, former, patch, type);
  return original;
}

}  // namespace

Result<json> strategic_merge(const json& original, const json& patch, const TypeSchema& type) {
  if (!original.is_object() || !patch.is_object()) {
    return fail(Code::kMalformed, "a strategic merge patch is an object");
  }
  return merge_object(original, patch, &type);
}

}  // namespace skerry::standalone
