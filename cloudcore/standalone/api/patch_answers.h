// A patch of any form but apply, made of a request's body and the object that is there, with the
// errors as the API's clients know them. For objects and for what subresources show of them.
//
// Pure. Internal to api/. Source: k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cloudcore/standalone/api/api_error.h"
#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

inline constexpr std::string_view kJsonPatch = "application/json-patch+json";
inline constexpr std::string_view kMergePatch = "application/merge-patch+json";
inline constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
inline constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

/// Custom resources have no merge keys: they take no strategic merge patch.
bool takes_patch(std::string_view content_type, bool custom);
ApiFailure unknown_patch_type(std::string_view content_type);

/// The body of a patch. Errors: 400.
Answer<nlohmann::json> decode_patch(std::string_view content_type, std::string_view body);

/// `current` with the patch. Errors: 400, 413, 422, 500.
Answer<nlohmann::json> patched(std::string_view content_type,
                               const nlohmann::json& current,
                               const nlohmann::json& patch,
                               const TypeSchema& type);

/// What a patch made is no object of the kind: 422 with all of it. `why`: the decoder's words.
ApiFailure patch_made_invalid(std::string_view content_type,
                              const nlohmann::json& patch,
                              const nlohmann::json& result,
                              const std::string& why);

}  // namespace skerry::standalone
