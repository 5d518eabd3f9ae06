#include "cloudcore/standalone/custom_objects/custom_object.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/custom_objects/value_validation.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr std::int64_t kReplicasMax = 2147483647;

void add(FieldErrors& to, FieldErrors from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

std::string_view take_step(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  const auto end = std::min(path.find('.'), path.size());
  const std::string_view step = path.substr(0, end);
  path.remove_prefix(end);
  return step;
}

std::string go_type(const json& value) {
  if (value.is_string()) return "string";
  if (value.is_number()) return "float64";
  if (value.is_boolean()) return "bool";
  return value.is_object() ? "map[string]interface {}" : "[]interface {}";
}

/// Why there is no number at the path; empty: there is one, or nothing.
std::string accessor_error(const json& object, const std::string& path) {
  const auto text = [](const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  const json* at = &object;
  for (std::string_view rest = path; !rest.empty();) {
    if (at->is_null()) return {};
    if (!at->is_object()) {
      return text(*at) + " is of the type " + go_type(*at) + ", expected map[string]interface{}";
    }
    at = &k8s::fields::at(*at, take_step(rest));
  }
  if (at->is_null() || at->is_number_integer()) return {};
  return text(*at) + " is of the type " + go_type(*at) + ", expected int64";
}

/// What stands where the scale's replicas should: said by the subresource, not by the schema.
void check_scale(const json& object, const CustomVersion::Scale& scale, FieldErrors& errors) {
  const auto complain = [&](const std::string& path, json value, std::string detail) {
    errors.push_back({FieldError::Kind::kInvalid, path, std::move(detail), std::move(value), {}});
  };
  for (const std::string& path : {scale.spec_replicas, scale.status_replicas}) {
    const json& value = at_simple_path(object, path);
    if (const std::string why = accessor_error(object, path); !why.empty()) {
      complain(path, 0, path + " accessor error: " + why);
    } else if (value.is_null()) {
      continue;
    } else if (value.get<std::int64_t>() < 0) {
      complain(path, value, "should be a non-negative integer");
    } else if (value.get<std::int64_t>() > kReplicasMax) {
      complain(path, value, "should be less than or equal to 2147483647");
    }
  }
}

}  // namespace

FieldErrors validate_custom(const KindRow& row, const json& object, const json* old) {
  FieldErrors errors = validate_value(object, old, *row.type);
  add(errors, validate_embedded(object, *row.type));
  // An object that had doubles before may keep them.
  const bool had = old != nullptr && !validate_lists(*old, *row.type).empty();
  if (!had) add(errors, validate_lists(object, *row.type));
  if (custom_version(row)->scale) check_scale(object, *custom_version(row)->scale, errors);
  return errors;
}

FieldErrors validate_custom_status(const KindRow& row, const json& object, const json& old) {
  FieldErrors errors;
  const FieldSchema* field = row.type->field("status");
  const auto status = object.find("status");
  if (field != nullptr && status != object.end()) {
    const auto former = old.find("status");
    const json* const before = former == old.end() ? nullptr : &*former;
    // Its paths begin at the status, where Kubernetes puts it in front of the field alone.
    errors = validate_value(*status, before, *field->type);
    for (FieldError& each : errors) {
      if (each.field != "<nil>")
        each.field = each.field.empty() ? "status" : "status." + each.field;
    }
  }
  add(errors, validate_lists(object, *row.type));
  if (const auto& scale = custom_version(row)->scale) check_scale(object, *scale, errors);
  return errors;
}

bool counts_as_change(const KindRow& row, const json& object, const json& old) {
  const bool has_status = std::ranges::find(row.subresources, "status") != row.subresources.end();
  const auto counted = [has_status](json of) {
    of.erase("metadata");
    if (has_status) of.erase("status");
    return of;
  };
  return counted(object) != counted(old);
}

const json& at_simple_path(const json& object, std::string_view path) {
  const json* at = &object;
  while (!path.empty()) at = &k8s::fields::at(*at, take_step(path));
  return *at;
}

void put_at_simple_path(json& object, std::string_view path, json value) {
  json* at = &object;
  while (!path.empty()) {
    if (!at->is_object()) *at = json::object();
    at = &(*at)[std::string(take_step(path))];
  }
  *at = std::move(value);
}

}  // namespace skerry::standalone
