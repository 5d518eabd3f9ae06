// What the kinds that make Pods from a template share: the selector that has to choose the
// template's Pods, and what such a Pod may not say. Pure. Internal to kinds.
// Source: pkg/apis/apps/validation, pkg/apis/batch/validation: as facts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_checks.h"

namespace skerry::standalone {

/// spec.selector: there, valid, not empty. `kind`: as the API names it there ("deployment").
/// Answers whether it can be used.
bool check_own_selector(FieldChecks& checks, const nlohmann::json& spec, const std::string& kind);

/// spec.selector chooses the labels of spec.template.
void check_selector_matches(FieldChecks& checks, const nlohmann::json& spec);

/// spec.template: a Pod that runs for ever. `kind`: "ReplicaSet", as the API names it there.
void check_endless_template(FieldChecks& checks,
                            const nlohmann::json& spec,
                            const std::string& kind);

}  // namespace skerry::standalone
