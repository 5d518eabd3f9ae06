#include "cloudcore/standalone/custom_objects/value_validation.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/custom_objects/keyword_checks.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

const char* wanted_type(Shape shape) {
  switch (shape) {
    case Shape::kObject:
    case Shape::kMap:
      return "object";
    case Shape::kList:
      return "array";
    case Shape::kString:
      return "string";
    case Shape::kInteger:
      return "integer";
    case Shape::kNumber:
      return "number";
    case Shape::kBoolean:
      return "boolean";
    case Shape::kIntOrString:
      return "integer,string";
    case Shape::kAny:
      break;
  }
  return "";
}

/// 2.0 is one, too.
bool is_integer(const json& value) {
  if (!value.is_number()) return false;
  if (!value.is_number_float()) return std::string_view(json_type(value)) == "integer";
  const double number = value.get<double>();
  return std::trunc(number) == number && std::abs(number) < 9e15;
}

bool has_type(const json& value, Shape shape) {
  switch (shape) {
    case Shape::kObject:
    case Shape::kMap:
      return value.is_object();
    case Shape::kList:
      return value.is_array();
    case Shape::kString:
      return value.is_string();
    case Shape::kInteger:
      return is_integer(value);
    case Shape::kNumber:
      return value.is_number();
    case Shape::kBoolean:
      return value.is_boolean();
    case Shape::kIntOrString:
      return value.is_string() || is_integer(value);
    case Shape::kAny:
      break;
  }
  return true;
}

/// The keys of a list's item, as far as it has them.
json keys_of(const json& item, const TypeSchema& list) {
  json out = json::object();
  for (const std::string& key : list.list_map_keys) {
    if (item.is_object() && item.contains(key)) out[key] = item[key];
  }
  return out;
}

class Validation {
 public:
  FieldErrors errors;

  void check(const json& value, const json* old, const TypeSchema& type, const std::string& path) {
    if (!type.name.empty()) return;  // metadata: checked as that of every object
    if (old != nullptr && *old == value) return;
    if (value.is_null()) {
      const bool allowed = type.nullable || type.shape == Shape::kAny;
      if (!allowed) wrong_type("null", wanted_type(type.shape), path, errors);
      return check_enum(value, type.enum_values, path, errors);
    }
    if (!has_type(value, type.shape)) {
      wrong_type(json_type(value), wanted_type(type.shape), path, errors);
    }
    check_logic(value, type.limits, path, errors);
    check_format(value, type.format, path, errors);
    check_limits(value, type.limits, path, errors);
    check_enum(value, type.enum_values, path, errors);
    if (value.is_array()) return items(value, old, type, path);
    if (value.is_object()) members(value, old, type, path);
  }

 private:
  void items(const json& value, const json* old, const TypeSchema& type, const std::string& path) {
    if (type.shape != Shape::kList) return;
    for (std::size_t i = 0; i < value.size(); ++i) {
      check(value[i], former_item(value[i], old, type), *type.item, item_path(path, i));
    }
  }

  static const json* former_item(const json& item, const json* old, const TypeSchema& list) {
    if (old == nullptr || !old->is_array() || list.ownership != Ownership::kByKeys) return nullptr;
    const json keys = keys_of(item, list);
    const auto found =
        std::ranges::find_if(*old, [&](const json& each) { return keys_of(each, list) == keys; });
    return found == old->end() ? nullptr : &*found;
  }

  void members(const json& value,
               const json* old,
               const TypeSchema& type,
               const std::string& path) {
    const auto former = [old](const std::string& name) -> const json* {
      if (old == nullptr || !old->is_object()) return nullptr;
      const auto found = old->find(name);
      return found == old->end() ? nullptr : &*found;
    };
    if (type.shape == Shape::kMap) {
      for (const auto& [name, member] : value.items()) {
        check(member, former(name), *type.item, member_path(path, name));
      }
      return;
    }
    if (type.shape != Shape::kObject) return;
    for (const FieldSchema& field : type.fields) {
      const auto member = value.find(field.name);
      if (member != value.end()) {
        check(*member, former(field.name), *field.type, member_path(path, field.name));
      } else if (field.required) {
        require_member(value, field.name, path, errors);
      }
    }
  }
};

/// Calls `visit` for the value and all that is in it, with their types.
template <class F>
void for_each_value(const json& value,
                    const TypeSchema& type,
                    const std::string& path,
                    const F& visit) {
  if (!type.name.empty()) return;
  visit(value, type, path);
  if (value.is_array() && type.shape == Shape::kList) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      for_each_value(value[i], *type.item, item_path(path, i), visit);
    }
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    const FieldSchema* field = type.shape == Shape::kObject ? type.field(name) : nullptr;
    const TypeSchema* below = field != nullptr            ? field->type
                              : type.shape == Shape::kMap ? type.item
                                                          : nullptr;
    if (below != nullptr) for_each_value(member, *below, member_path(path, name), visit);
  }
}

void check_unique(const json& list,
                  const TypeSchema& type,
                  const std::string& path,
                  FieldErrors& errors) {
  std::set<json> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool by_keys = type.ownership == Ownership::kByKeys;
    json what = by_keys ? keys_of(list[i], type) : list[i];
    if (by_keys && !list[i].is_object()) continue;
    if (seen.insert(what).second) continue;
    FieldError& error = errors.emplace_back();
    error.kind = FieldError::Kind::kDuplicate;
    error.field = item_path(path, i);
    error.value = std::move(what);
  }
}

void check_embedded(const json& value, const std::string& path, FieldErrors& errors) {
  for (const char* name : {"apiVersion", "kind"}) {
    if (!fields::text(value, name).empty()) continue;
    require_member(json::object(), name, path, errors);
  }
  const std::string version = fields::text(value, "apiVersion");
  if (std::ranges::count(version, '/') < 2) return;
  FieldError& error = errors.emplace_back();
  error.field = member_path(path, "apiVersion");
  error.value = version;
  error.detail = "unexpected GroupVersion string: " + version;
}

}  // namespace

FieldErrors validate_value(const json& value,
                           const json* old,
                           const TypeSchema& type,
                           const std::string& path) {
  Validation validation;
  validation.check(value, old, type, path);
  return std::move(validation.errors);
}

FieldErrors validate_lists(const json& value, const TypeSchema& type, const std::string& path) {
  FieldErrors errors;
  for_each_value(
      value, type, path, [&](const json& each, const TypeSchema& of, const std::string& at) {
        const bool unique = of.ownership == Ownership::kSet || of.ownership == Ownership::kByKeys;
        if (each.is_array() && of.shape == Shape::kList && unique)
          check_unique(each, of, at, errors);
      });
  return errors;
}

FieldErrors validate_embedded(const json& value, const TypeSchema& type, const std::string& path) {
  FieldErrors errors;
  for_each_value(value, type, path,
                 [&](const json& each, const TypeSchema& of, const std::string& at) {
                   if (of.embedded_resource && each.is_object() && !at.empty())
                     check_embedded(each, at, errors);
                 });
  return errors;
}

}  // namespace skerry::standalone
