#include "cloudcore/standalone/schema/openapi_schema.h"

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

const char* list_type(Ownership ownership) {
  if (ownership == Ownership::kByKeys) return "map";
  return ownership == Ownership::kSet ? "set" : "atomic";
}

json reference_or_object(const TypeSchema& type, OpenApi version) {
  return type.name.empty() ? schema_object(type, version) : schema_reference(type.name, version);
}

json item_object(const TypeSchema& holder, OpenApi version) {
  json out = reference_or_object(*holder.item, version);
  if (version == OpenApi::kV2 || !holder.item_default) return out;
  if (out.contains("$ref")) out = {{"allOf", json::array({std::move(out)})}};
  out["default"] = *holder.item_default;
  return out;
}

json field_object(const FieldSchema& field, OpenApi version) {
  json out = reference_or_object(*field.type, version);
  if (version == OpenApi::kV3) {
    if (out.contains("$ref")) out = {{"allOf", json::array({std::move(out)})}};
    if (field.default_value) out["default"] = *field.default_value;
  }
  // A field may own a shared type in another way than the type says of itself.
  const TypeSchema& type = *field.type;
  if (!type.name.empty() && built_in_kinds()->type(type.name) != &type)
    out["x-kubernetes-map-type"] = type.ownership == Ownership::kAtomic ? "atomic" : "granular";
  std::string strategy = field.patch_merge ? "merge" : "";
  if (field.patch_retain_keys) strategy += strategy.empty() ? "retainKeys" : ",retainKeys";
  if (field.patch_replace) strategy = "replace";
  if (!strategy.empty()) out["x-kubernetes-patch-strategy"] = strategy;
  if (!field.patch_merge_key.empty()) out["x-kubernetes-patch-merge-key"] = field.patch_merge_key;
  return out;
}

void put_fields(json& out, const TypeSchema& type, OpenApi version) {
  for (const FieldSchema& field : type.fields) {
    out["properties"][field.name] = field_object(field, version);
    if (field.required) out["required"].push_back(field.name);
  }
  if (type.preserve_unknown) out["x-kubernetes-preserve-unknown-fields"] = true;
  if (type.embedded_resource) out["x-kubernetes-embedded-resource"] = true;
}

void put_int_or_string(json& out, const TypeSchema& type, OpenApi version) {
  const bool built_in = !type.name.empty();
  if (built_in)
    out["format"] = "int-or-string";
  else
    out["x-kubernetes-int-or-string"] = true;
  if (version == OpenApi::kV3)
    out[built_in ? "oneOf" : "anyOf"] = json::array({{{"type", "integer"}}, {{"type", "string"}}});
  else if (built_in)
    out["type"] = "string";
}

void put_string(json& out, const TypeSchema& type, OpenApi version) {
  const bool quantity = type.format == "quantity" && !type.name.empty();
  if (quantity && version == OpenApi::kV3) {
    out["oneOf"] = json::array({{{"type", "string"}}, {{"type", "number"}}});
    return;
  }
  out["type"] = "string";
  if (!type.format.empty() && !quantity) out["format"] = type.format;
}

void put_shape(json& out, const TypeSchema& type, OpenApi version) {
  switch (type.shape) {
    case Shape::kObject:
      out["type"] = "object";
      return put_fields(out, type, version);
    case Shape::kMap:
      out["type"] = "object";
      out["additionalProperties"] = item_object(type, version);
      return;
    case Shape::kList:
      out["type"] = "array";
      out["items"] = item_object(type, version);
      return;
    case Shape::kString:
      return put_string(out, type, version);
    case Shape::kIntOrString:
      return put_int_or_string(out, type, version);
    case Shape::kAny:
      if (type.format == "object") out["type"] = "object";
      if (type.name.empty()) out["x-kubernetes-preserve-unknown-fields"] = true;
      if (type.embedded_resource) out["x-kubernetes-embedded-resource"] = true;
      return;
    case Shape::kInteger:
    case Shape::kNumber:
    case Shape::kBoolean:
      out["type"] = type.shape == Shape::kInteger  ? "integer"
                    : type.shape == Shape::kNumber ? "number"
                                                   : "boolean";
      if (!type.format.empty()) out["format"] = type.format;
  }
}

void put_ownership(json& out, const TypeSchema& type) {
  if (type.shape == Shape::kList) {
    out["x-kubernetes-list-type"] = list_type(type.ownership);
    if (!type.list_map_keys.empty()) out["x-kubernetes-list-map-keys"] = type.list_map_keys;
  } else if (type.ownership == Ownership::kAtomic) {
    const bool holds = type.shape == Shape::kObject || type.shape == Shape::kMap;
    out[holds ? "x-kubernetes-map-type" : "x-kubernetes-list-type"] = "atomic";
  }
}

/// What version 2 has no words for is left out there: less is checked, and nothing wrongly.
void put_limits(json& out, const TypeSchema& type, OpenApi version) {
  if (!type.enum_values.empty()) out["enum"] = type.enum_values;
  if (type.nullable && version == OpenApi::kV3) out["nullable"] = true;
  for (const auto& [key, value] : type.limits.items()) {
    const bool logic = key == "oneOf" || key == "anyOf" || key == "allOf" || key == "not";
    if (version == OpenApi::kV2 && logic) continue;
    if (key == "required")
      for (const json& name : value) out[key].push_back(name);
    else
      out[key] = value;
  }
}

}  // namespace

json schema_object(const TypeSchema& type, OpenApi version) {
  json out = json::object();
  put_shape(out, type, version);
  put_ownership(out, type);
  put_limits(out, type, version);
  // There a null is no value of any type, and an object has no other fields than its own.
  if (version == OpenApi::kV2 && (type.nullable || type.preserve_unknown))
    for (const char* key : {"type", "properties", "required", "items", "additionalProperties"})
      out.erase(key);
  for (const auto& [key, value] : type.annotations.items()) out[key] = value;
  return out;
}

json schema_reference(const std::string& name, OpenApi version) {
  const char* place = version == OpenApi::kV2 ? "#/definitions/" : "#/components/schemas/";
  return {{"$ref", place + name}};
}

void collect_names(const TypeSchema& type, std::set<std::string>& into) {
  if (!type.name.empty() && !into.insert(type.name).second) return;
  if (type.item != nullptr) collect_names(*type.item, into);
  for (const FieldSchema& field : type.fields) collect_names(*field.type, into);
}

}  // namespace skerry::standalone
