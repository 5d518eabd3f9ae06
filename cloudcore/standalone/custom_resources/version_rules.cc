#include "cloudcore/standalone/custom_resources/version_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/custom_objects/pattern.h"
#include "cloudcore/standalone/custom_objects/value_validation.h"
#include "cloudcore/standalone/schema/pruning.h"
#include "cloudcore/standalone/schema/structural_schema.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Kind = FieldError::Kind;
using Shape = TypeSchema::Shape;

std::string keyed(const std::string& path, const std::string& key) {
  return path + "[" + key + "]";
}
std::string indexed(const std::string& path, std::size_t index) {
  return keyed(path, std::to_string(index));
}

// ---- schema -------------------------------------------------------------------------------------

/// A structural problem says "Invalid value: ..." itself: it is taken apart again.
FieldError as_field_error(const FieldProblem& problem) {
  FieldError error;
  error.field = problem.field;
  const auto cut = [&](std::string_view head) {
    return problem.message.substr(std::min(head.size(), problem.message.size()));
  };
  if (problem.reason == "FieldValueRequired") {
    error.kind = Kind::kRequired;
    error.detail = cut("Required value: ");
  } else if (problem.reason == "FieldValueForbidden") {
    error.kind = Kind::kForbidden;
    error.detail = cut("Forbidden: ");
  } else {
    const bool supported = problem.reason == "FieldValueNotSupported";
    error.kind = supported ? Kind::kNotSupported : Kind::kInvalid;
    const std::string rest = cut(supported ? "Unsupported value: " : "Invalid value: ");
    // The value is JSON; what follows it is the detail.
    for (std::size_t end = rest.find(": "); end != std::string::npos;
         end = rest.find(": ", end + 1)) {
      error.value = json::parse(rest.substr(0, end), nullptr, false);
      error.detail = rest.substr(end + 2);
      if (!error.value.is_discarded()) break;
    }
    if (error.value.is_discarded()) error.value = nullptr;
  }
  return error;
}

template <class F>
void for_each_schema(const json& schema, const std::string& path, const F& visit) {
  visit(schema, path);
  for (const char* name : {"items", "additionalProperties", "not"}) {
    const json& part = fields::at(schema, name);
    if (part.is_object()) for_each_schema(part, below(path, name), visit);
  }
  for (const auto& [name, part] : fields::object(schema, "properties").items()) {
    for_each_schema(part, keyed(below(path, "properties"), name), visit);
  }
  for (const char* name : {"allOf", "anyOf", "oneOf"}) {
    const json& parts = fields::list(schema, name);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for_each_schema(parts[i], indexed(below(path, name), i), visit);
    }
  }
}

void check_patterns(const json& schema, const std::string& path, FieldErrors& errors) {
  for_each_schema(schema, path, [&](const json& part, const std::string& at) {
    const std::string pattern = fields::text(part, "pattern");
    if (pattern.empty()) return;
    const auto compiled = Pattern::compile(pattern);
    if (compiled) return;
    complain_invalid(errors, below(at, "pattern"), pattern,
                     "must be a valid regular expression, but isn't: " + compiled.error().what);
  });
}

/// A default must be what it would be after it was read: nothing unknown, and valid.
void check_default(const json& value,
                   const TypeSchema& type,
                   const std::string& path,
                   FieldErrors& errors) {
  json pruned = value;
  prune(pruned, type);
  if (pruned != value) return complain_invalid(errors, path, value, "must not have unknown fields");
  set_defaults(pruned, type);
  for (FieldError& each : validate_value(pruned, nullptr, type)) {
    if (each.field != "<nil>") each.field = each.field.empty() ? path : below(path, each.field);
    errors.push_back(std::move(each));
  }
}

void check_defaults(const TypeSchema& type, const std::string& path, FieldErrors& errors) {
  if (!type.name.empty()) return;
  for (const FieldSchema& field : type.fields) {
    const std::string at = keyed(below(path, "properties"), field.name);
    if (field.default_value)
      check_default(*field.default_value, *field.type, below(at, "default"), errors);
    check_defaults(*field.type, at, errors);
  }
  if (type.item == nullptr) return;
  const std::string at = below(path, type.shape == Shape::kList ? "items" : "additionalProperties");
  if (type.item_default)
    check_default(*type.item_default, *type.item, below(at, "default"), errors);
  check_defaults(*type.item, at, errors);
}

void check_schema(const json& schema, const std::string& path, FieldErrors& errors) {
  check_patterns(schema, path, errors);
  const std::vector<FieldProblem> problems = structural_problems(schema, path);
  for (const FieldProblem& each : problems) errors.push_back(as_field_error(each));
  if (!problems.empty()) return;
  const auto built = structural_schema(schema);
  if (built) check_defaults(*(*built)->root, path, errors);
}

// ---- columns, subresources, selectable fields ---------------------------------------------------

void check_column(const json& column, const std::string& path, FieldErrors& errors) {
  static const std::vector<std::string> kTypes = {"boolean", "date", "integer", "number", "string"};
  static const std::vector<std::string> kFormats = {
      "", "byte", "date", "date-time", "double", "float", "int32", "int64", "password"};
  if (fields::text(column, "name").empty()) complain_required(errors, below(path, "name"));
  const std::string type = fields::text(column, "type");
  const std::string format = fields::text(column, "format");
  if (type.empty()) {
    complain_required(errors, below(path, "type"),
                      "must be one of boolean,date,integer,number,string");
  } else if (std::ranges::find(kTypes, type) == kTypes.end()) {
    complain_invalid(errors, below(path, "type"), type,
                     "must be one of boolean,date,integer,number,string");
  }
  if (std::ranges::find(kFormats, format) == kFormats.end()) {
    complain_invalid(errors, below(path, "format"), format,
                     "must be one of byte,date,date-time,double,float,int32,int64,password");
  }
  const std::string at = fields::text(column, "jsonPath");
  if (at.empty()) {
    complain_required(errors, below(path, "JSONPath"));
  } else if (!at.starts_with('.')) {
    complain_invalid(errors, below(path, "JSONPath"), at,
                     "must be a simple json path starting with .");
  }
}

void check_replicas_path(const json& scale,
                         const char* name,
                         const std::string& root,
                         const std::string& path,
                         FieldErrors& errors) {
  const std::string text = fields::text(scale, name);
  if (text.empty()) return complain_required(errors, below(path, name));
  if (text.starts_with(root + ".")) return;
  complain_invalid(errors, below(path, name), text, "should be a json path under " + root);
}

void check_subresources(const json& subresources, const std::string& path, FieldErrors& errors) {
  const json& scale = fields::at(subresources, "scale");
  if (!scale.is_object()) return;
  const std::string at = below(path, "scale");
  check_replicas_path(scale, "specReplicasPath", ".spec", at, errors);
  check_replicas_path(scale, "statusReplicasPath", ".status", at, errors);
  const std::string selector = fields::text(scale, "labelSelectorPath");
  const bool known = selector.starts_with(".spec.") || selector.starts_with(".status.");
  if (!selector.empty() && !known) {
    complain_invalid(errors, below(at, "labelSelectorPath"), selector,
                     "should be a json path under either .spec or .status");
  }
}

/// The schema at a path of fields; null: there is none.
const json& schema_at(const json& schema, std::string_view path) {
  const json* at = &schema;
  while (path.starts_with('.')) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('.'), path.size());
    at = &fields::at(fields::object(*at, "properties"), path.substr(0, end));
    path.remove_prefix(end);
  }
  static const json kNone;
  return path.empty() ? *at : kNone;
}

void check_selectable(const json& version, const std::string& path, FieldErrors& errors) {
  const json& schema = fields::object(fields::object(version, "schema"), "openAPIV3Schema");
  const json& all = fields::list(version, "selectableFields");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string at = below(indexed(path, i), "jsonPath");
    const std::string text = fields::text(all[i], "jsonPath");
    const std::string type = fields::text(schema_at(schema, text), "type");
    if (text.empty()) {
      complain_required(errors, at);
    } else if (type != "string" && type != "integer" && type != "boolean") {
      complain_invalid(errors, at, text, "is an invalid path: does not refer to a valid field");
    }
  }
}

// ---- where it stands ----------------------------------------------------------------------------

/// Whether all versions say the same there.
bool is_shared(const json& versions, const char* name) {
  return std::ranges::all_of(versions, [&](const json& each) {
    return fields::at(each, name) == fields::at(versions.front(), name);
  });
}

}  // namespace

std::string below(const std::string& path, const std::string& name) { return path + "." + name; }

void complain_invalid(FieldErrors& errors, std::string field, json value, std::string detail) {
  errors.push_back({Kind::kInvalid, std::move(field), std::move(detail), std::move(value), {}});
}

void complain_required(FieldErrors& errors, std::string field, std::string detail) {
  errors.push_back({Kind::kRequired, std::move(field), std::move(detail), nullptr, {}});
}

FieldErrors validate_versions(const json& versions) {
  FieldErrors errors;
  if (versions.empty()) return errors;
  // The base of each part, for a version: only the first is looked at where all share it.
  const auto place = [&](const char* name, const char* shared_at, std::size_t i) -> std::string {
    if (!is_shared(versions, name)) return "spec.versions[" + std::to_string(i) + "]." + name;
    return i == 0 ? std::string("spec.") + shared_at : std::string();
  };
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const json& schema = fields::at(fields::object(versions[i], "schema"), "openAPIV3Schema");
    const std::string at = place("schema", "validation", i);
    if (!schema.is_object()) {
      complain_required(errors, "spec.versions[" + std::to_string(i) + "].schema.openAPIV3Schema");
    } else if (!at.empty()) {
      check_schema(schema, below(at, "openAPIV3Schema"), errors);
    }
  }
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const std::string subresources = place("subresources", "subresources", i);
    if (!subresources.empty()) {
      check_subresources(fields::at(versions[i], "subresources"), subresources, errors);
    }
    const std::string columns = place("additionalPrinterColumns", "additionalPrinterColumns", i);
    const json& all = fields::list(versions[i], "additionalPrinterColumns");
    for (std::size_t c = 0; c < all.size() && !columns.empty(); ++c) {
      check_column(all[c], indexed(columns, c), errors);
    }
    const std::string selectable = place("selectableFields", "selectableFields", i);
    if (!selectable.empty()) check_selectable(versions[i], selectable, errors);
  }
  return errors;
}

}  // namespace skerry::standalone
