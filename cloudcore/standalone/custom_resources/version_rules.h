// The rules of one version of a CustomResourceDefinition: schema, columns, subresources, selectable
// fields. What all versions share stands, in complaints, where v1beta1 had it: below spec itself.
//
// Pure; any thread. Internal to custom_resources. Source: apiextensions-apiserver's validation.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

/// Of spec.versions, all of them.
FieldErrors validate_versions(const nlohmann::json& versions);

/// "a.b" below "spec" -> "spec.a.b".
std::string below(const std::string& path, const std::string& name);
void complain_invalid(FieldErrors& errors,
                      std::string field,
                      nlohmann::json value,
                      std::string detail);
void complain_required(FieldErrors& errors, std::string field, std::string detail = {});

}  // namespace skerry::standalone
