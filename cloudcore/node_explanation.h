// Why a node and its pods are as they are, in words: what `cloudcore node explain` prints. Pure.
// Source: design.md sections 5 and 9.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/identity_nodes.h"
#include "cloudcore/edgecontroller/edge_controller.h"
#include "common/k8s/object.h"

namespace skerry::cloudcore {

/// What a command that is not the daemon can learn. Empty: there is none.
struct NodeFacts {
  NodeName node;
  WallTime now{};
  std::chrono::seconds admission_default{300};  // see OfflinePolicy
  std::optional<cloudhub::NodeIdentity> identity;
  bool revoked = false;
  std::string node_json;               // the Node as the API has it
  std::optional<WallTime> lease;       // renewed last, by the cloudcore that has its session
  std::vector<k8s::ObjectPtr> pods;    // bound to it, with their status
  std::set<k8s::ObjectKey> missing;    // referenced, and not in the API
  std::optional<edgecontroller::NodeView> view;  // of the cloudcore that runs here
  std::string no_view;                 // why there is none
};

/// Lines for people.
std::string explain(const NodeFacts& facts);

}  // namespace skerry::cloudcore
