// Kinds that are served in two versions and stored in one: a HorizontalPodAutoscaler of
// autoscaling/v1 is kept as autoscaling/v2, an Event of events.k8s.io/v1 as the core group's.
// What the other version has no field for travels in annotations, as Kubernetes does it.
//
// Owner: none; pure, any thread. Errors: none; what cannot be read (an annotation that is no JSON)
// is left out. Source: pkg/apis/autoscaling/v1/conversion.go, pkg/apis/events/v1, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

/// Whether the row's objects are stored in another version than the row's.
bool is_converted(const KindRow& row);

/// From the row's version to the stored one, and back. Nothing happens to an object of a row that
/// is not converted.
void to_stored_version(const KindRow& row, nlohmann::json& object);
void to_served_version(const KindRow& row, nlohmann::json& object);

/// The stored version's name of a field that the row's field selectors name otherwise.
std::string stored_field(const KindRow& row, std::string_view path);

}  // namespace skerry::standalone
