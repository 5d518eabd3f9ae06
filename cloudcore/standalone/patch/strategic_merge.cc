#include "cloudcore/standalone/patch/strategic_merge.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "cloudcore/standalone/patch/go_format.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

/// The patch breaks a rule of its format, which the client is told of as such; what else does not
/// fit is a failure of the server for Kubernetes.
tl::unexpected<Error> bad_format(std::string what) {
  return fail(Code::kMalformed, std::move(what));
}
tl::unexpected<Error> failed(std::string what) { return fail(Code::kInternal, std::move(what)); }

tl::unexpected<Error> unknown_directive(const json& patch) {
  const json& directive = fields::at(patch, kDirective);
  const std::string shown = directive.is_string()
                                ? directive.get<std::string>()
                                : "%!s(" + go_type(directive) + "=" + go_value(directive) + ")";
  return failed("unknown patch type: " + shown + " in map: " + go_value(patch));
}

Result<json> merge_object(json original, const json& patch, const TypeSchema* type);

// ---- elements of lists --------------------------------------------------------------------------

/// What tells elements of a merged list apart: the value of the merge key, or a scalar itself.
const json& identity_of(const json& element, const std::string& key) {
  return key.empty() ? element : fields::at(element, key);
}

/// Where the elements of one list stand; the first of those that are alike.
class Positions {
 public:
  Positions(const json& list, const std::string& key) : key_(key) {
    std::ptrdiff_t at = 0;
    for (const json& each : list) places_.try_emplace(identity_of(each, key), at++);
  }

  /// -1: no such element. `element` may be a bare identity's object.
  std::ptrdiff_t of(const json& element) const { return of_identity(identity_of(element, key_)); }
  std::ptrdiff_t of_identity(const json& identity) const {
    const auto found = places_.find(identity);
    return found == places_.end() ? -1 : found->second;
  }

 private:
  const std::string key_;
  std::map<json, std::ptrdiff_t> places_;
};

void sort_by(std::vector<json>& items, const Positions& order) {
  std::stable_sort(items.begin(), items.end(),
                   [&](const json& a, const json& b) { return order.of(a) < order.of(b); });
}

/// Elements in the order that the client wants, with those that it does not know kept near where
/// the server had them.
json in_order(const json& merged, const json& wanted, const json& former, const std::string& key) {
  const Positions order(wanted, key);
  const Positions before(former, key);
  std::vector<json> known;
  std::vector<json> others;
  for (const json& each : merged) (order.of(each) >= 0 ? known : others).push_back(each);
  sort_by(known, order);
  sort_by(others, before);
  json out = json::array();
  std::size_t k = 0;
  std::size_t o = 0;
  while (k < known.size() || o < others.size()) {
    bool take_other = k == known.size();
    if (k < known.size() && o < others.size()) {
      const auto other_at = before.of(others[o]);
      const auto known_at = before.of(known[k]);
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
  std::set<json> there(original.begin(), original.end());
  for (const json& each : patch) {
    if (there.insert(each).second) original.push_back(each);
  }
  return original;
}

json without_values(const json& list, const std::set<json>& gone, const std::string& key) {
  if (gone.empty()) return list;
  json kept = json::array();
  for (const json& each : list) {
    if (!gone.contains(identity_of(each, key))) kept.push_back(each);
  }
  return kept;
}

Result<void> check_element(const json& element, const std::string& key) {
  const json& directive = fields::at(element, kDirective);
  if (directive == json("merge")) {
    return failed("merging lists cannot yet be specified in the patch");
  }
  const bool known =
      directive.is_null() || directive == json("delete") || directive == json("replace");
  if (!known) return unknown_directive(element);
  if (identity_of(element, key).is_null()) {
    return failed("map: " + go_value(element) + " does not contain declared merge key: " + key);
  }
  return {};
}

bool all_objects(const json& list) {
  return std::all_of(list.begin(), list.end(), [](const json& each) { return each.is_object(); });
}

Result<json> merge_elements(json original,
                            const json& patch,
                            const std::string& key,
                            const TypeSchema* item) {
  if (!all_objects(original) || !all_objects(patch)) {
    return failed("list element types are not identical: " +
                  go_value(json::array({original, patch})));
  }
  const bool replaces = std::any_of(patch.begin(), patch.end(), [](const json& each) {
    return fields::text(each, kDirective) == "replace";
  });
  if (replaces) return without_directives(patch);
  std::set<json> gone;
  for (const json& each : patch) {
    if (auto right = check_element(each, key); !right) return fail(right.error());
    if (fields::text(each, kDirective) == "delete") gone.insert(identity_of(each, key));
  }
  json out = without_values(original, gone, key);
  const Positions there(out, key);
  std::map<json, std::size_t> added;
  for (const json& each : patch) {
    if (fields::text(each, kDirective) == "delete") continue;
    const json& identity = identity_of(each, key);
    const std::ptrdiff_t place = there.of_identity(identity);
    const auto [known, is_new] = added.try_emplace(identity, out.size());
    if (place < 0 && is_new) {
      out.push_back(without_directives(each));
      continue;
    }
    json& into = out[place < 0 ? known->second : static_cast<std::size_t>(place)];
    auto merged = merge_object(std::move(into), each, item);
    if (!merged) return merged;
    into = std::move(*merged);
  }
  return out;
}

Result<json> merge_list(json original, const json& patch, const FieldSchema& field) {
  if (field.patch_merge_key.empty()) return merge_scalars(std::move(original), patch);
  return merge_elements(std::move(original), patch, field.patch_merge_key, field.type->item);
}

// ---- objects ------------------------------------------------------------------------------------

/// The other members of a union go when one is named.
Result<void> retain_keys(json& original, const json& patch) {
  const auto kept = patch.find(kRetainKeys);
  if (kept == patch.end()) return {};
  constexpr const char* kBad = "invalid patch format of retainKeys";
  if (!kept->is_array()) return bad_format(kBad);
  const auto is_kept = [&](const std::string& name) {
    return std::find(kept->begin(), kept->end(), json(name)) != kept->end();
  };
  for (const auto& [key, value] : patch.items()) {
    const bool directive = key.starts_with('$');
    if (!directive && !value.is_null() && !is_kept(key)) return bad_format(kBad);
  }
  for (auto member = original.begin(); member != original.end();) {
    member = is_kept(member.key()) ? std::next(member) : original.erase(member);
  }
  return {};
}

Result<void> delete_from_list(json& original, const std::string& name, const json& values) {
  const auto list = original.find(name);
  if (list == original.end()) return {};
  if (!list->is_array() || !values.is_array()) {
    return bad_format("invalid patch format of primitive list");
  }
  *list = without_values(*list, std::set<json>(values.begin(), values.end()), "");
  return {};
}

/// What a patch says of an order must hold all that it changes, in that order.
Result<void> check_order(const json& order, const json& changes, const std::string& key) {
  if (!order.is_array())
    return failed("expected a []interface {}, but received a " + go_type(order));
  for (const json& each : order) {
    if (!key.empty() && identity_of(each, key).is_null()) {
      return failed("map: " + go_value(each) + " does not contain declared merge key: " + key);
    }
  }
  if (!changes.is_array()) return {};
  const Positions wanted(order, key);
  std::ptrdiff_t last = -1;
  for (const json& each : changes) {
    if (fields::at(each, kDirective).is_string()) continue;
    const std::ptrdiff_t at = wanted.of(each);
    if (at <= last) {
      return failed("The order in patch list:\n" + go_value(changes) +
                    "\n doesn't match $setElementOrder list:\n" + go_value(order) + "\n");
    }
    last = at;
  }
  return {};
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
Result<void> set_order(json& object,
                       const json& former,
                       const json& patch,
                       const TypeSchema* type) {
  for (const auto& [key, order] : patch.items()) {
    if (!key.starts_with(kElementOrder)) continue;
    const std::string name = key.substr(kElementOrder.size());
    const auto list = object.find(name);
    const FieldSchema* field = type != nullptr ? type->field(name) : nullptr;
    if (field == nullptr) continue;
    const std::string& merge_key = field->patch_merge_key;
    if (auto right = check_order(order, fields::at(patch, name), merge_key); !right) return right;
    if (list == object.end() || !list->is_array()) continue;
    *list = in_order(*list, order, fields::list(former, name), merge_key);
  }
  return {};
}

Result<json> merge_object(json original, const json& patch, const TypeSchema* type) {
  const json& directive = fields::at(patch, kDirective);
  if (directive == json("replace")) return without_directives(patch);
  if (directive == json("delete")) return json::object();
  if (!directive.is_null()) return unknown_directive(patch);
  const json former = original;
  if (auto kept = retain_keys(original, patch); !kept) return fail(kept.error());
  const bool is_map = type != nullptr && type->shape == TypeSchema::Shape::kMap;
  for (const auto& [key, value] : patch.items()) {
    if (key == kRetainKeys || key.starts_with(kElementOrder)) continue;
    if (key.starts_with(kDeleteFrom)) {
      auto done = delete_from_list(original, key.substr(kDeleteFrom.size()), value);
      if (!done) return fail(done.error());
      continue;
    }
    const FieldSchema* field = type != nullptr ? type->field(key) : nullptr;
    auto merged = merge_member(original, key, value, field, is_map ? type->item : nullptr);
    if (!merged) return fail(merged.error());
  }
  if (auto ordered = set_order(original, former, patch, type); !ordered)
    return fail(ordered.error());
  return original;
}

}  // namespace

Result<json> strategic_merge(const json& original, const json& patch, const TypeSchema& type) {
  if (patch.is_null()) return original;
  if (!original.is_object() || !patch.is_object()) {
    const std::string given = patch.is_boolean()  ? "bool"
                              : patch.is_number() ? "number"
                                                  : patch.type_name();
    return bad_format("json: cannot unmarshal " + given +
                      " into Go value of type map[string]interface {}");
  }
  return merge_object(original, patch, &type);
}

}  // namespace skerry::standalone
