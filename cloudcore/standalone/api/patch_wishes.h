// What a patch wants of an object that is there: the object as it would be, checked to be one of
// its kind at its place. For whole objects (rest_patch.cc, rest_apply.cc) and for a Scale
// (scale.cc).
//
// Pure. Internal to api/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/api/rest.h"
#include "cloudcore/standalone/patch/managed_fields.h"

namespace skerry::standalone {

/// Of a patch in any form but apply. `uid` and `resourceVersion` stay only where the patch names
/// others than `current` has. Errors: 400, 413, 422, 500.
Answer<nlohmann::json> patch_wish(const ResourceRequest& request,
                                  const nlohmann::json& current,
                                  const nlohmann::json& patch,
                                  std::vector<std::string>& warnings);

/// The configuration of an apply, of the request's kind and without what the request's part of the
/// object does not take. Errors: 400; 500 for what the type has no place for.
Answer<nlohmann::json> configuration_of(const ResourceRequest& request);

/// Of an apply; with its managedFields. `current` null: a create. Errors: 400, 409, 422.
Answer<nlohmann::json> apply_wish(const ResourceRequest& request,
                                  const nlohmann::json& current,
                                  const nlohmann::json& config,
                                  const FieldWriter& writer);

/// 400 for an object without a name, whatever the path says.
Answer<void> check_named(const nlohmann::json& object, const ResourceRequest& request);

}  // namespace skerry::standalone
