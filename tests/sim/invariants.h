// What must always hold. Each is a named function; the first that does not hold ends the run.
#pragma once

#include "tests/sim/sim_edge.h"

namespace skerry::sim {

// ---- while the world misbehaves

/// Newest wins until the last moment: what leaves is what the controllers told last.
void check_upsert_is_the_newest(Run& run,
                                const SimCloud::Session& session,
                                const lane::Upsert& upsert);
/// Nothing that the API still wants on this node is removed, least of all before every list is
/// whole.
void check_remove_follows_the_truth(Run& run,
                                    const ApiServer& api,
                                    const SimCloud::Session& session,
                                    const lane::Remove& remove);
void check_cloud_memory_is_bounded(Run& run, const SimCloud::Session& session);
void check_edge_memory_is_bounded(Run& run, const SimEdge& edge);
/// A node gets its own Node, its own pods and what these refer to.
void check_object_is_for_this_node(Run& run,
                                   const ApiServer& api,
                                   const NodeName& node,
                                   const k8s::Object& object);
/// `before`: ordinal of what was stored under this key; 0: nothing. Of one uid no older content
/// comes.
void check_no_version_goes_back(Run& run,
                                const ApiServer& api,
                                const NodeName& node,
                                const k8s::Object& object,
                                std::uint64_t before);
/// After a power cut the store holds what was acknowledged, or something newer.
void check_nothing_acknowledged_is_lost(Run& run, const SimEdge& edge);
/// A live session is the one that counts, or its node's lease would not be renewed.
void check_live_sessions_keep_their_place(Run& run, const SimCloud& cloud);

// ---- when the world has behaved for a while

/// Empty: everything is as it must be. Otherwise what is not.
std::string not_converged(const ApiServer& api, const SimCloud& cloud, SimEdge& edge);
/// Events that became durable reached the API.
void check_no_event_is_lost(Run& run, const ApiServer& api, const SimEdge& edge);

}  // namespace skerry::sim
