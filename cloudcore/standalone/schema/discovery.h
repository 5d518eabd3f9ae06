// The documents by which clients find out what an API serves: the classic ones, one per group and
// version, and the aggregated ones (apidiscovery.k8s.io/v2), made from the rows of the kinds.
//
// Owner: whoever asks; pure functions, any thread. The caller keeps the text until its rows change.
// Groups and resources come in the order of the rows, versions of a group by Kubernetes' priority
// (v2 before v1 before v1beta1). Errors: nothing when no row has that group or version.
// Source: discovery of kube-apiserver 1.34; storageVersionHash is left out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

/// /api. The address (host:port) is where any client may reach the server.
std::string api_versions_document(std::string_view server_address);

/// /apis, /apis/<group>, and /api/v1 or /apis/<group>/<version>.
std::string api_group_list_document(std::span<const KindRow> rows);
std::optional<std::string> api_group_document(std::span<const KindRow> rows,
                                              std::string_view group);
std::optional<std::string> api_resource_list_document(std::span<const KindRow> rows,
                                                      const GroupVersion& gv);

/// Of /api (the legacy group) and of /apis (all others).
inline constexpr std::string_view kAggregatedDiscoveryType =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
std::string aggregated_legacy_document(std::span<const KindRow> rows);
std::string aggregated_groups_document(std::span<const KindRow> rows);

/// The groups and versions that the rows have, in discovery's order; the legacy group first.
std::vector<GroupVersion> group_versions(std::span<const KindRow> rows);

/// Kubernetes' order of versions: v10, v2, v1, v11beta2, v3beta1, v12alpha1, and others by name.
bool has_priority_over(std::string_view version, std::string_view other);

}  // namespace skerry::standalone
