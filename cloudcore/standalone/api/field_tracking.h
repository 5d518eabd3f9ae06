// metadata.managedFields of the objects that requests write: who the writer is, what a create or an
// update is compared with. The rules are in patch/managed_fields.h.
//
// Pure but for the clock. Internal to api/.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/api/rest.h"
#include "cloudcore/standalone/patch/managed_fields.h"

namespace skerry::standalone {

/// The parameter fieldManager, or what the user agent begins with.
std::string field_manager(const ApiRequest& request);
FieldWriter writer_of(const ResourceRequest& request, seam::World world);

/// What the parameters of a write may be. `options`: "CreateOptions", "UpdateOptions",
/// "PatchOptions". Errors: 422.
Answer<void> check_options(const ApiRequest& request, const std::string& options);

/// Both objects are in the stored version; the sets speak of the request's.
void track_create(nlohmann::json& object, const ResourceRequest& request, seam::World world);
void track_update(nlohmann::json& object,
                  const nlohmann::json& current,
                  const ResourceRequest& request,
                  seam::World world);

/// Whether an update changes nothing that is stored: times of managedFields alone are nothing.
bool same_content(const nlohmann::json& object, const nlohmann::json& current);

}  // namespace skerry::standalone
