#include "cloudcore/standalone/custom_objects/definition_warnings.h"

#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/custom_objects/formats.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

std::string storage_version(const json& definition) {
  for (const json& each : fields::list(fields::object(definition, "spec"), "versions")) {
    if (fields::flag(each, "storage")) return fields::text(each, "name");
  }
  return {};
}

template <class F>
void for_each_member(const json& value, const F& visit) {
  if (!value.is_structured()) return;
  if (value.is_object()) visit(value);
  for (const json& each : value) for_each_member(each, visit);
}

}  // namespace

std::vector<std::string> definition_warnings(const json& definition) {
  std::vector<std::string> out;
  const json& spec = fields::object(definition, "spec");
  std::set<std::string> formats;
  for (const json& version : fields::list(spec, "versions")) {
    bool has_rules = false;
    for_each_member(fields::at(version, "schema"), [&](const json& part) {
      has_rules = has_rules || !fields::list(part, "x-kubernetes-validations").empty();
      const std::string format = fields::text(part, "format");
      const bool counts = fields::text(part, "type") == "string" && !format.empty();
      if (counts && !is_known_format(format)) formats.insert(format);
    });
    if (!has_rules) continue;
    out.push_back("version " + fields::text(version, "name") +
                  ": x-kubernetes-validations (CEL rules) are kept and shown, but not enforced by "
                  "this API: objects that break them are accepted");
  }
  for (const std::string& each : formats) out.push_back("unrecognized format \"" + each + "\"");
  if (fields::text(fields::object(spec, "conversion"), "strategy") == "Webhook") {
    out.push_back(
        "spec.conversion: conversion webhooks are not called by this API: only the "
        "storage version " +
        storage_version(definition) + " is served");
  }
  return out;
}

}  // namespace skerry::standalone
