// The status of a CustomResourceDefinition: which of its names are accepted beside those of the
// other definitions of its group, and whether its kind is served.
//
// Pure; any thread. Source: apiextensions-apiserver, pkg/controller/{status,establish}, as
// behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

/// `others`: the other definitions, of any group. Conditions keep their times unless they change.
nlohmann::json next_status(const nlohmann::json& definition,
                           const std::vector<nlohmann::json>& others,
                           WallTime now);

bool has_condition(const nlohmann::json& definition, std::string_view type);  // "True"

}  // namespace skerry::standalone
