#include "cloudcore/standalone/schema/structural_schema.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cloudcore/standalone/schema/kind_table.h"
#include "cloudcore/standalone/schema/schema_keywords.h"
#include "common/base/assert.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

constexpr const char* kPreserve = "x-kubernetes-preserve-unknown-fields";
constexpr const char* kEmbedded = "x-kubernetes-embedded-resource";

std::optional<json> default_of(const json& schema) {
  const json* value = keyword(schema, "default");
  return value != nullptr ? std::optional<json>(*value) : std::nullopt;
}

/// Of a schema that has no structural problems.
class Builder {
 public:
  std::shared_ptr<const OwnedSchema> build(const json& schema) {
    TypeSchema* root = type_of(schema, true);
    root->shape = Shape::kObject;  // at the root nothing else is structural
    owned_->root = root;
    return owned_;
  }

 private:
  TypeSchema* type_of(const json& schema, bool is_root) {
    TypeSchema* type = &owned_->store.emplace_back();
    put_shape(*type, schema);
    put_limits(*type, schema);
    put_annotations(*type, schema);
    type->nullable = fields::flag(schema, "nullable");
    type->embedded_resource = fields::flag(schema, kEmbedded);
    if (type->shape == Shape::kObject && (is_root || type->embedded_resource))
      put_resource_fields(*type, schema, is_root);
    put_required(*type, schema);
    return type;
  }

  void put_shape(TypeSchema& type, const json& schema) {
    const std::string name = fields::text(schema, "type");
    type.preserve_unknown = fields::flag(schema, kPreserve);
    if (fields::flag(schema, "x-kubernetes-int-or-string")) {
      type.shape = Shape::kIntOrString;
    } else if (name == "object") {
      put_object(type, schema);
    } else if (name == "array") {
      put_list(type, schema);
    } else if (name.empty()) {
      type.shape = Shape::kAny;
    } else {
      type.shape = name == "string"    ? Shape::kString
                   : name == "integer" ? Shape::kInteger
                   : name == "number"  ? Shape::kNumber
                                       : Shape::kBoolean;
    }
    type.format = fields::text(schema, "format");
  }

  void put_object(TypeSchema& type, const json& schema) {
    if (fields::text(schema, "x-kubernetes-map-type") == "atomic")
      type.ownership = Ownership::kAtomic;
    const json* additional = keyword(schema, "additionalProperties");
    const json& properties = fields::object(schema, "properties");
    if (properties.empty() && additional != nullptr && *additional != json(false)) {
      type.shape = Shape::kMap;
      static const json kAnything = {{kPreserve, true}};
      const json& item = additional->is_object() ? *additional : kAnything;
      type.item = type_of(item, false);
      type.item_default = default_of(item);
      return;
    }
    type.shape = Shape::kObject;
    if (additional != nullptr && *additional == json(true)) type.preserve_unknown = true;
    for (const auto& [name, schema_of_field] : properties.items()) {  // sorted by nlohmann
      FieldSchema field;
      field.name = name;
      field.type = type_of(schema_of_field, false);
      field.default_value = default_of(schema_of_field);
      type.fields.push_back(std::move(field));
    }
  }

  void put_list(TypeSchema& type, const json& schema) {
    const std::string list_type = fields::text(schema, "x-kubernetes-list-type");
    type.shape = Shape::kList;
    type.ownership = list_type == "map"   ? Ownership::kByKeys
                     : list_type == "set" ? Ownership::kSet
                                          : Ownership::kAtomic;
    type.list_map_keys = fields::texts(schema, "x-kubernetes-list-map-keys");
    const json* items = schema_keyword(schema, "items");
    SKERRY_ASSERT(items != nullptr, "a structural list has items");
    type.item = type_of(*items, false);
    type.item_default = default_of(*items);
  }

  static void put_limits(TypeSchema& type, const json& schema) {
    for (const json& value : fields::list(schema, "enum")) type.enum_values.push_back(value);
    for (const char* name : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                             "multipleOf", "minLength", "maxLength", "pattern", "minItems",
                             "maxItems", "minProperties", "maxProperties", "oneOf", "anyOf",
                             "allOf", "not"})
      if (const json* value = keyword(schema, name)) type.limits[name] = *value;
    if (type.shape == Shape::kIntOrString) drop_pattern(type.limits);
  }

  /// What x-kubernetes-int-or-string says already.
  static void drop_pattern(json& limits) {
    const auto is_pattern = [](const json& any_of) {
      return any_of == json::array({{{"type", "integer"}}, {{"type", "string"}}});
    };
    if (!limits.is_object()) return;
    if (limits.contains("anyOf") && is_pattern(limits["anyOf"])) limits.erase("anyOf");
    const auto all = limits.find("allOf");
    if (all != limits.end() && !all->empty() && is_pattern(fields::list(all->front(), "anyOf"))) {
      all->front().erase("anyOf");
      if (all->front().empty()) all->erase(0);
      if (all->empty()) limits.erase("allOf");
    }
    if (limits.empty()) limits = nullptr;
  }

  void put_annotations(TypeSchema& type, const json& schema) {
    for (const char* name :
         {"description", "title", "example", "externalDocs", "x-kubernetes-validations"})
      if (const json* value = keyword(schema, name)) type.annotations[name] = *value;
    if (!fields::list(schema, "x-kubernetes-validations").empty()) owned_->has_rules = true;
  }

  /// apiVersion, kind and metadata are there, whether the schema names them or not; what it says of
  /// metadata.name stays as a limit.
  void put_resource_fields(TypeSchema& type, const json& schema, bool is_root) {
    for (const char* name : {"apiVersion", "kind"}) {
      if (type.field(name) != nullptr) continue;
      TypeSchema* text = &owned_->store.emplace_back();
      text->shape = Shape::kString;
      insert(type, name, text);
    }
    const TypeSchema* object_meta =
        built_in_kinds()->type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    SKERRY_ASSERT(object_meta != nullptr, "the facts have ObjectMeta");
    const auto found = std::ranges::find(type.fields, "metadata", &FieldSchema::name);
    if (found != type.fields.end())
      found->type = object_meta;
    else
      insert(type, "metadata", object_meta);
    const json* metadata = schema_keyword(fields::object(schema, "properties"), "metadata");
    if (!is_root || metadata == nullptr) return;
    json names = json::object();
    for (const auto& [name, limits] : fields::object(*metadata, "properties").items()) {
      json kept = limits;
      for (const char* structure : {"type", "description", "title", "default"})
        kept.erase(structure);
      if (!kept.empty()) names[name] = std::move(kept);
    }
    if (names.empty()) return;
    json limit = {{"properties", {{"metadata", {{"properties", std::move(names)}}}}}};
    type.limits["allOf"].push_back(std::move(limit));
  }

  static void insert(TypeSchema& type, const char* name, const TypeSchema* field_type) {
    FieldSchema field;
    field.name = name;
    field.type = field_type;
    const auto at = std::ranges::lower_bound(type.fields, field.name, {}, &FieldSchema::name);
    type.fields.insert(at, std::move(field));
  }

  /// A name may be required without being specified: that stays a limit.
  static void put_required(TypeSchema& type, const json& schema) {
    for (const std::string& name : fields::texts(schema, "required")) {
      const auto found = std::ranges::find(type.fields, name, &FieldSchema::name);
      if (found != type.fields.end())
        found->required = true;
      else
        type.limits["required"].push_back(name);
    }
  }

  std::shared_ptr<OwnedSchema> owned_ = std::make_shared<OwnedSchema>();
};

}  // namespace

Result<std::shared_ptr<const OwnedSchema>> structural_schema(const json& open_api_v3_schema) {
  const std::vector<FieldProblem> problems = structural_problems(open_api_v3_schema);
  if (problems.empty()) return Builder().build(open_api_v3_schema);
  std::string text;
  for (const FieldProblem& problem : problems) text += (text.empty() ? "" : ", ") + problem.text();
  return fail(Code::kMalformed, problems.size() == 1 ? text : "[" + text + "]");
}

}  // namespace skerry::standalone
