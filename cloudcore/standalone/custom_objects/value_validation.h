// An object against its structural schema, complaint by complaint in Kubernetes' words.
//
// Pure; any thread. Recursion is as deep as the object, whose depth the decoder limits. What an
// update leaves as it was is not complained about (ratcheting): `old` is the value that it
// replaces. Source: k8s.io/kube-openapi/pkg/validation, apiextensions-apiserver's listtype and
// objectmeta, as behaviour. CEL rules (x-kubernetes-validations) are not evaluated.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_error.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

/// `old` null: there is none. `path`: where the value stands; empty: the object itself.
FieldErrors validate_value(const nlohmann::json& value,
                           const nlohmann::json* old,
                           const TypeSchema& type,
                           const std::string& path = {});

/// Sets and maps among the lists: what is there twice.
FieldErrors validate_lists(const nlohmann::json& value,
                           const TypeSchema& type,
                           const std::string& path = {});

/// Objects inside of the object: apiVersion and kind must be there. The root is none of them.
FieldErrors validate_embedded(const nlohmann::json& value,
                              const TypeSchema& type,
                              const std::string& path = {});

}  // namespace skerry::standalone
