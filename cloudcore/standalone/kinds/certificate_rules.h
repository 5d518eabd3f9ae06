// CertificateSigningRequest: what is valid, and what its parts may change. Pure. Internal to kinds.
// Source: pkg/apis/certificates/validation, pkg/registry/certificates: as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

FieldErrors validate_signing_request(const nlohmann::json& object);

/// The spec, and who asked, are never changed.
void keep_signing_request(nlohmann::json& object, const nlohmann::json& old);

/// `part`: "approval" decides and leaves the rest; "status" issues and leaves the decision.
void keep_signing_request_part(nlohmann::json& object,
                               const nlohmann::json& old,
                               std::string_view part);

}  // namespace skerry::standalone
