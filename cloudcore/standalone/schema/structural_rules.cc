// The rules of structural schemas, in the order and the words of apiextensions-apiserver.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "cloudcore/standalone/schema/schema_keywords.h"
#include "cloudcore/standalone/schema/structural_schema.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kPreserve = "x-kubernetes-preserve-unknown-fields";
constexpr const char* kEmbedded = "x-kubernetes-embedded-resource";
constexpr const char* kIntOrString = "x-kubernetes-int-or-string";

enum class Level { kRoot, kItem, kField };

struct Context {
  bool root = false;
  bool inside_metadata = false;
  std::string defaults_forbidden;  // why; empty: they are allowed
};

std::string child(const std::string& path, std::string_view name) {
  return path + "." + std::string(name);
}
std::string key(const std::string& path, std::string_view name) {
  return path + "[" + std::string(name) + "]";
}
std::string index(const std::string& path, std::size_t at) {
  return path + "[" + std::to_string(at) + "]";
}

constexpr std::array<std::string_view, 3> kLogicLists = {"allOf", "anyOf", "oneOf"};

/// anyOf: [{type: integer}, {type: string}], which says what x-kubernetes-int-or-string means.
bool is_int_or_string_pattern(const json& any_of) {
  return any_of.size() == 2 && any_of[0] == json({{"type", "integer"}}) &&
         any_of[1] == json({{"type", "string"}});
}

class Rules {
 public:
  std::vector<FieldProblem> check(const json& schema, std::string_view path) {
    const std::string at(path);
    if (!well_formed(schema, at, 0)) return take();
    Context context;
    context.root = true;
    open_api(schema, at, context);
    if (!unsupported_) {
      invariants(schema, at, Level::kRoot);
      for (const std::string_view name : kLogicLists)
        logic_completeness(schema, schema, at, at, name);
      if (const json* no = schema_keyword(schema, "not"))
        completeness(*no, &schema, at, child(at, "not"));
    }
    return take();
  }

 private:
  std::vector<FieldProblem> take() {
    std::ranges::sort(problems_, {}, &FieldProblem::text);
    return std::move(problems_);
  }

  void required(std::string field, const std::string& detail) {
    problems_.push_back({"FieldValueRequired", std::move(field), "Required value: " + detail});
  }
  void forbidden(std::string field, const std::string& detail) {
    problems_.push_back({"FieldValueForbidden", std::move(field), "Forbidden: " + detail});
  }
  void invalid(std::string field, const json& value, const std::string& detail) {
    problems_.push_back({"FieldValueInvalid", std::move(field),
                         "Invalid value: " + value.dump() + ": " + detail});
  }
  void not_supported(std::string field, const std::string& value, std::string_view values) {
    problems_.push_back({"FieldValueNotSupported", std::move(field),
                         "Unsupported value: " + json(value).dump() +
                             ": supported values: " + std::string(values)});
  }

  /// What Kubernetes' decoder refuses before any rule is asked; nothing below reads a wrong type.
  bool well_formed(const json& schema, const std::string& at, int depth) {
    if (depth > kSchemaDepthMax) {
      forbidden(at, "a schema has at most " + std::to_string(kSchemaDepthMax) + " levels");
      return false;
    }
    if (!schema.is_object()) {
      invalid(at, schema, "must be a schema");
      return false;
    }
    const auto malformed = malformed_keywords(schema);
    for (const MalformedKeyword& each : malformed)
      invalid(child(at, each.name), schema[each.name], "must be " + each.expected);
    bool well = malformed.empty();
    if (well)
      for_each_schema(schema, at, [&](const json& part, const std::string& path) {
        well = well_formed(part, path, depth + 1) && well;
      });
    return well;
  }

  template <class F>
  static void for_each_schema(const json& schema, const std::string& at, const F& visit) {
    for (const char* name : {"items", "additionalProperties", "not"})
      if (const json* part = schema_keyword(schema, name)) visit(*part, child(at, name));
    for (const auto& [name, part] : fields::object(schema, "properties").items())
      visit(part, key(child(at, "properties"), name));
    for (const std::string_view name : kLogicLists) {
      const json& parts = fields::list(schema, name);
      for (std::size_t i = 0; i < parts.size(); ++i) visit(parts[i], index(child(at, name), i));
    }
  }

  // ValidateCustomResourceDefinitionOpenAPISchema

  void open_api(const json& schema, const std::string& at, const Context& context) {
    unsupported_keywords(schema, at, context);
    if (fields::flag(schema, "uniqueItems"))
      forbidden(child(at, "uniqueItems"),
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    const json* additional = keyword(schema, "additionalProperties");
    if (additional != nullptr && !fields::object(schema, "properties").empty() &&
        (additional->is_object() || !additional->get<bool>()))
      forbidden(child(at, "additionalProperties"),
                "additionalProperties and properties are mutual exclusive");
    for_each_schema(schema, at, [&](const json& part, const std::string& path) {
      open_api(part, path, context_of(schema, part, context));
    });
    const json* preserve = keyword(schema, kPreserve);
    if (preserve != nullptr && !preserve->get<bool>()) {
      unsupported_ = true;
      invalid(child(at, kPreserve), false, "must be true or undefined");
    }
    map_type(schema, at);
    list_type(schema, at);
    list_map_keys(schema, at);
    list_items(schema, at);
    rules(schema, at);
  }

  static Context context_of(const json& schema, const json& part, const Context& context) {
    Context below = context;
    below.root = false;
    if (&part == schema_keyword(schema, "additionalProperties") && context.inside_metadata)
      below.defaults_forbidden = "inside additionalProperties applying to object metadata";
    for (const char* name : {"metadata", "kind", "apiVersion"}) {
      if (&part != schema_keyword(fields::object(schema, "properties"), name)) continue;
      if (!context.root && !fields::flag(schema, kEmbedded)) continue;
      below.inside_metadata = true;
      if (context.root) below.defaults_forbidden = std::string("in top-level ") + name;
    }
    return below;
  }

  void unsupported_keywords(const json& schema, const std::string& at, const Context& context) {
    const std::string type = fields::text(schema, "type");
    static const std::set<std::string> kTypes = {"array",  "boolean", "integer",
                                                 "number", "object",  "string"};
    if (!type.empty() && !kTypes.contains(type))
      not_supported(child(at, "type"), type,
                    R"("array", "boolean", "integer", "number", "object", "string")");
    if (type == "null")
      forbidden(child(at, "type"), "type cannot be set to null, use nullable as an alternative");
    if (keyword(schema, "default") != nullptr && !context.defaults_forbidden.empty())
      forbidden(child(at, "default"), "must not be set " + context.defaults_forbidden);
    for (const char* name : {"id", "additionalItems", "patternProperties", "definitions",
                             "dependencies", "$ref"}) {
      const json* value = keyword(schema, name);
      if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty()))
        continue;
      unsupported_ = true;
      forbidden(child(at, name), std::string(name) + " is not supported");
    }
    if (!fields::list(schema, "items").empty()) {
      unsupported_ = true;
      forbidden(child(at, "items"), "items must be a schema object and not an array");
    }
    if (context.inside_metadata && fields::flag(schema, kEmbedded))
      forbidden(child(at, kEmbedded),
                "must not be used inside of resource meta");
  }

  /// A keyword that only one type can have.
  void needs_type(const json& schema, const std::string& at, const char* type, const char* name) {
    const std::string has = fields::text(schema, "type");
    if (has == type) return;
    const std::string detail = std::string("must be ") + type + " if " + name + " is specified";
    if (has.empty())
      required(child(at, "type"), detail);
    else
      invalid(child(at, "type"), has, detail);
  }

  void map_type(const json& schema, const std::string& at) {
    if (keyword(schema, "x-kubernetes-map-type") == nullptr) return;
    needs_type(schema, at, "object", "x-kubernetes-map-type");
    const std::string value = fields::text(schema, "x-kubernetes-map-type");
    if (value != "atomic" && value != "granular")
      not_supported(child(at, "x-kubernetes-map-type"), value, R"("atomic", "granular")");
  }

  void list_type(const json& schema, const std::string& at) {
    if (keyword(schema, "x-kubernetes-list-type") == nullptr) return;
    needs_type(schema, at, "array", "x-kubernetes-list-type");
    const std::string value = fields::text(schema, "x-kubernetes-list-type");
    if (value != "atomic" && value != "set" && value != "map")
      not_supported(child(at, "x-kubernetes-list-type"), value, R"("atomic", "set", "map")");
    const json* items = schema_keyword(schema, "items");
    if (value != "set" || items == nullptr || fields::text(schema, "type") != "array") return;
    const std::string type = fields::text(*items, "type");
    const std::string of_items = fields::text(*items, "x-kubernetes-list-type");
    const std::string detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    const json shown = of_items.empty() ? json() : json(of_items);
    if (type == "array" && !of_items.empty() && of_items != "atomic")
      invalid(child(at, "items.x-kubernetes-list-type"), shown, detail);
    if (type == "object" && fields::text(*items, "x-kubernetes-map-type") != "atomic")
      invalid(child(at, "items.x-kubernetes-map-type"), shown, detail);
  }

  void list_map_keys(const json& schema, const std::string& at) {
    const std::vector<std::string> keys = fields::texts(schema, "x-kubernetes-list-map-keys");
    const std::string list_type = fields::text(schema, "x-kubernetes-list-type");
    if (!keys.empty() && list_type != "map") {
      const std::string detail = "must be map if x-kubernetes-list-map-keys is non-empty";
      const std::string field = child(at, "x-kubernetes-list-type");
      if (keyword(schema, "x-kubernetes-list-type") == nullptr)
        required(field, detail);
      else
        invalid(field, list_type, detail);
    }
    if (list_type != "map") return;
    if (keys.empty())
      required(child(at, "x-kubernetes-list-map-keys"),
               "must not be empty if x-kubernetes-list-type is map");
    if (keyword(schema, "items") == nullptr)
      required(child(at, "items"), "must have a schema if x-kubernetes-list-type is map");
    const json* items = schema_keyword(schema, "items");
    if (items == nullptr) return;
    const std::string type = fields::text(*items, "type");
    if (type != "object")
      return invalid(child(at, "items.type"), type,
                     "must be object if parent array's x-kubernetes-list-type is map");
    std::set<std::string> seen;
    for (const std::string& each : keys) {
      const json* property = schema_keyword(fields::object(*items, "properties"), each);
      if (property == nullptr) {
        invalid(child(at, "x-kubernetes-list-map-keys"), json(keys),
                "entries must all be names of item properties");
      } else if (const std::string of = fields::text(*property, "type");
                 of == "array" || of == "object") {
        invalid(key(child(at, "items.properties"), each) + ".type", type,
                "must be a scalar type if parent array's x-kubernetes-list-type is map");
      }
      if (!seen.insert(each).second)
        invalid(child(at, "x-kubernetes-list-map-keys"), json(keys),
                "must not contain duplicate entries");
    }
  }

  void list_items(const json& schema, const std::string& at) {
    const json* items = schema_keyword(schema, "items");
    const std::string list_type = fields::text(schema, "x-kubernetes-list-type");
    if (items == nullptr || (list_type != "set" && list_type != "map")) return;
    if (fields::flag(*items, "nullable"))
      forbidden(child(at, "items.nullable"),
                "cannot be nullable when x-kubernetes-list-type is " + list_type);
    if (list_type != "map") return;
    const std::vector<std::string> needed = fields::texts(*items, "required");
    for (const std::string& each : fields::texts(schema, "x-kubernetes-list-map-keys")) {
      const json* property = schema_keyword(fields::object(*items, "properties"), each);
      if (property == nullptr) continue;
      const std::string field = key(child(at, "items.properties"), each);
      if (std::ranges::find(needed, each) == needed.end() &&
          keyword(*property, "default") == nullptr)
        required(field + ".default", "this property is in x-kubernetes-list-map-keys, so it must "
                                     "have a default or be a required property");
      if (fields::flag(*property, "nullable"))
        forbidden(field + ".nullable",
                  "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
    }
  }

  void rules(const json& schema, const std::string& at) {
    const json& all = fields::list(schema, "x-kubernetes-validations");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string rule = fields::text(all[i], "rule");
      if (rule.find_first_not_of(" \t\r\n") == rule.npos)
        required(index(child(at, "x-kubernetes-validations"), i) + ".rule",
                 "rule is not specified");
    }
  }

  // ValidateStructural: invariants

  void invariants(const json& schema, const std::string& at, Level level) {
    const std::string type = fields::text(schema, "type");
    if (type == "array" && schema_keyword(schema, "items") == nullptr)
      required(child(at, "items"), "must be specified");
    if (const json* items = schema_keyword(schema, "items"))
      invariants(*items, child(at, "items"), Level::kItem);
    for (const auto& [name, part] : fields::object(schema, "properties").items())
      invariants(part, key(child(at, "properties"), name), Level::kField);
    const std::string additional = child(at, "additionalProperties");
    if (keyword(schema, "additionalProperties") != nullptr && level == Level::kRoot)
      forbidden(additional, "must not be used at the root");
    if (const json* part = schema_keyword(schema, "additionalProperties"))
      invariants(*part, additional, Level::kField);
    extensions(schema, at);
    value_validation(schema, at, true);
    type_rules(schema, at, level);
    metadata_rules(schema, at, level);
  }

  void extensions(const json& schema, const std::string& at) {
    if (!fields::flag(schema, kIntOrString)) return;
    for (const char* name : {kPreserve, kEmbedded})
      if (fields::flag(schema, name))
        invalid(child(at, name), true, "must be false if x-kubernetes-int-or-string is true");
  }

  void type_rules(const json& schema, const std::string& at, Level level) {
    const std::string type = fields::text(schema, "type");
    const bool embedded = fields::flag(schema, kEmbedded);
    if (embedded && type != "object") {
      const char* detail = "must be object if x-kubernetes-embedded-resource is true";
      if (type.empty())
        required(child(at, "type"), detail);
      else
        invalid(child(at, "type"), type, detail);
    } else if (type.empty() && !fields::flag(schema, kIntOrString) &&
               !fields::flag(schema, kPreserve)) {
      required(child(at, "type"),
               level == Level::kRoot   ? "must not be empty at the root"
               : level == Level::kItem ? "must not be empty for specified array items"
                                       : "must not be empty for specified object fields");
    }
    if (embedded && keyword(schema, "additionalProperties") != nullptr)
      forbidden(child(at, "additionalProperties"),
                "must not be used if x-kubernetes-embedded-resource is set");
    if (level == Level::kRoot && !type.empty() && type != "object")
      invalid(child(at, "type"), type, "must be object at the root");
    if (embedded && !fields::flag(schema, kPreserve) &&
        fields::object(schema, "properties").empty())
      required(child(at, "properties"),
               "must not be empty if x-kubernetes-embedded-resource is true without "
               "x-kubernetes-preserve-unknown-fields");
  }

  void metadata_rules(const json& schema, const std::string& at, Level level) {
    const json& properties = fields::object(schema, "properties");
    const bool resource =
        level == Level::kRoot || fields::flag(schema, kEmbedded);
    if (!resource) return;
    for (const char* name : {"kind", "apiVersion"}) {
      const json* part = schema_keyword(properties, name);
      if (part != nullptr && fields::text(*part, "type") != "string")
        invalid(key(child(at, "properties"), name) + ".type", fields::text(*part, "type"),
                "must be string");
    }
    const json* metadata = schema_keyword(properties, "metadata");
    if (metadata == nullptr) return;
    const std::string field = key(child(at, "properties"), "metadata");
    if (fields::text(*metadata, "type") != "object")
      invalid(child(field, "type"), fields::text(*metadata, "type"), "must be object");
    if (level == Level::kRoot && !only_names(*metadata))
      forbidden(field,
                "must not specify anything other than name and generateName, but metadata is "
                "implicitly specified");
  }

  static bool only_names(const json& metadata) {
    for (const auto& [name, value] : metadata.items()) {
      if (name == "type" || name == "default" || value.is_null()) continue;
      const bool empty = value == "" || value == false || (value.is_structured() && value.empty());
      if (empty) continue;
      if (name != "properties") return false;
      for (const auto& [property, schema] : value.items())
        if (property != "name" && property != "generateName") return false;
    }
    return true;
  }

  /// `structural`: the schema is part of the structure, not of a validation nested in it.
  void value_validation(const json& schema, const std::string& at, bool structural) {
    const json& all_of = fields::list(schema, "allOf");
    const json& any_of = fields::list(schema, "anyOf");
    const bool skip_any = structural && is_int_or_string_pattern(any_of);
    for (std::size_t i = 0; i < any_of.size() && !skip_any; ++i)
      nested(any_of[i], index(child(at, "anyOf"), i), false);
    for (std::size_t i = 0; i < all_of.size(); ++i) {
      const bool pattern = structural && i == 0 &&
                           is_int_or_string_pattern(fields::list(all_of[i], "anyOf"));
      nested(all_of[i], index(child(at, "allOf"), i), pattern);
    }
    const json& one_of = fields::list(schema, "oneOf");
    for (std::size_t i = 0; i < one_of.size(); ++i)
      nested(one_of[i], index(child(at, "oneOf"), i), false);
    if (const json* no = schema_keyword(schema, "not")) nested(*no, child(at, "not"), false);
  }

  void nested(const json& schema, const std::string& at, bool skip_any_of) {
    if (skip_any_of) {
      json rest = schema;
      rest.erase("anyOf");
      value_validation(rest, at, false);
    } else {
      value_validation(schema, at, false);
    }
    if (const json* items = schema_keyword(schema, "items"))
      nested(*items, child(at, "items"), false);
    for (const auto& [name, part] : fields::object(schema, "properties").items())
      nested(part, key(child(at, "properties"), name), false);
    const json* additional = keyword(schema, "additionalProperties");
    if (additional != nullptr && *additional != json(false))
      forbidden(child(at, "additionalProperties"), "must be undefined to be structural");
    forbidden_keywords(schema, at);
    if (fields::object(schema, "properties").contains("metadata"))
      forbidden(key(child(at, "properties"), "metadata"),
                "must not be specified in a nested context");
  }

  void forbidden_keywords(const json& schema, const std::string& at) {
    static constexpr std::pair<const char*, const char*> kForbidden[] = {
        {"type", "must be empty"},
        {"default", "must be undefined"},
        {"title", "must be empty"},
        {"description", "must be empty"},
        {"nullable", "must be false"},
        {"x-kubernetes-preserve-unknown-fields", "must be false"},
        {"x-kubernetes-embedded-resource", "must be false"},
        {"x-kubernetes-int-or-string", "must be false"},
        {"x-kubernetes-list-map-keys", "must be empty"},
        {"x-kubernetes-list-type", "must be undefined"},
        {"x-kubernetes-map-type", "must be undefined"},
        {"x-kubernetes-validations", "must be empty"},
    };
    for (const auto& [name, detail] : kForbidden) {
      const json* value = keyword(schema, name);
      if (value == nullptr) continue;
      const bool unset = std::string_view(detail) != "must be undefined" &&
                         (*value == "" || *value == false || (value->is_array() && value->empty()));
      if (!unset) forbidden(child(at, name), std::string(detail) + " to be structural");
    }
  }

  // ValidateStructural: completeness. What a validation names must be specified outside of it.

  void logic_completeness(const json& validation,
                          const json& schema,
                          const std::string& schema_at,
                          const std::string& at,
                          std::string_view name) {
    const json& parts = fields::list(validation, name);
    for (std::size_t i = 0; i < parts.size(); ++i)
      completeness(parts[i], &schema, schema_at, index(child(at, name), i));
  }

  void completeness(const json& validation,
                    const json* schema,
                    const std::string& schema_at,
                    const std::string& at) {
    if (schema == nullptr) return required(schema_at, "because it is defined in " + at);
    for (const std::string_view name : kLogicLists)
      logic_completeness(validation, *schema, schema_at, at, name);
    if (const json* no = schema_keyword(validation, "not"))
      completeness(*no, schema, schema_at, child(at, "not"));
    if (const json* items = schema_keyword(validation, "items"))
      completeness(*items, schema_keyword(*schema, "items"), child(schema_at, "items"),
                   child(at, "items"));
    for (const auto& [name, part] : fields::object(validation, "properties").items())
      completeness(part, schema_keyword(fields::object(*schema, "properties"), name),
                   key(child(schema_at, "properties"), name), key(child(at, "properties"), name));
  }

  std::vector<FieldProblem> problems_;
  bool unsupported_ = false;  // a schema that Kubernetes cannot even read as structural
};

}  // namespace

std::vector<FieldProblem> structural_problems(const json& open_api_v3_schema,
                                              std::string_view path) {
  return Rules().check(open_api_v3_schema, path);
}

}  // namespace skerry::standalone
