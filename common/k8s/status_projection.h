// The part of a status that the edge owns, in place in a parsed tree. Internal to common/k8s:
// others use status_projection() and status_hash() of object.h.
#pragma once

#include "common/k8s/json_tree.h"
#include "common/k8s/object.h"

namespace skerry::k8s {

/// Leaves of `status` only what the edge owns. The kind has StatusOwner::kEdge.
void project_status(Kind kind, JsonTree& tree, JsonTree::Index status);

}  // namespace skerry::k8s
