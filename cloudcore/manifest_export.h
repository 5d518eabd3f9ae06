// What `cloudcore export` makes of the objects of a cluster: manifests that another cluster takes.
// Left out: what a cluster makes by itself, what a controller makes from something else that is
// exported, what has ended, and what only says how things are (Events, Leases, Endpoints, Nodes).
//
// Pure; any thread. Source: KEP-less practice of backup tools; fields as in the API reference.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace skerry::cloudcore {

/// A resource that can be listed.
struct ExportedResource {
  std::string group;  // empty: the legacy API
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;
};

/// Of the documents of /api/v1 and /apis/<group>/<version>: what is worth exporting.
std::vector<ExportedResource> exported_resources(const nlohmann::json& resource_list);

/// The manifest of one listed object; nothing: it is left out.
std::optional<nlohmann::json> manifest_of(const ExportedResource& resource, nlohmann::json object);

/// In which order resources are applied: lower first, equal ones in any order. 0: before all others
/// (Namespaces, CustomResourceDefinitions).
int apply_rank(const ExportedResource& resource);

}  // namespace skerry::cloudcore
