// What is valid for a Job and for the template of one. Pure. Internal to kinds.
// Source: pkg/apis/batch/validation: as facts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_checks.h"

namespace skerry::standalone {

/// `path`: of the spec, "spec" or "spec.jobTemplate.spec". Everything but the selector.
void check_job_spec(FieldChecks& checks, const nlohmann::json& spec, const std::string& path);

FieldErrors validate_job(const nlohmann::json& object);
FieldErrors validate_job_update(const nlohmann::json& object, const nlohmann::json& old);

// job_policies.cc: podFailurePolicy and successPolicy, when there are any.
void check_failure_policy(FieldChecks& checks, const nlohmann::json& spec, const std::string& path);
void check_success_policy(FieldChecks& checks, const nlohmann::json& spec, const std::string& path);

}  // namespace skerry::standalone
