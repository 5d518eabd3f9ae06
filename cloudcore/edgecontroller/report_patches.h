// What an edge's report becomes at the Kubernetes API. Pure. The edge decides values, never fields:
// only what a kubelet owns is taken from a body, everything else in it is dropped.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/k8s/object.h"
#include "common/lane/message.h"

namespace skerry::edgecontroller {

/// Strategic merge patch for pods/NAME/status. Carries metadata.uid, so that another pod of this
/// name is never touched (the API answers 409). Fields the edge no longer reports are set to null.
/// Errors: kMalformed.
Result<std::string> pod_status_patch(const Uid& uid, std::string_view body);

/// A kNodeStatus body: {"registration": Node, "status": NodeStatus}; registration may be absent.
struct NodeReport {
  std::string status_patch;  // strategic merge patch for nodes/NAME/status
  std::string registration;  // the Node to create if there is none; empty: not offered
};
/// `labels`: what the join token or its user gave; they win over the edge's own.
/// Errors: kMalformed.
Result<NodeReport> node_report(const NodeName& node,
                               std::string_view body,
                               const std::map<std::string, std::string>& labels,
                               WallTime now);

/// The Event to create: name = object + hash(store id, seq), so that a repeat is AlreadyExists.
/// Only Events about `node` itself or about `pod_uid`'s pod are made. Errors: kMalformed.
Result<std::string> event_object(const NodeName& node,
                                 const StoreId& store,
                                 const lane::Report& report,
                                 WallTime now);

/// An Event of cloudcore's own about an object (a refused one, a foreign cluster).
std::string controller_event(const k8s::ObjectKey& about,
                             const Uid& uid,
                             std::string_view reason,
                             std::string_view message,
                             WallTime now);

/// Labels an edge may ask for when its Node is created: none that Kubernetes keeps for itself.
bool is_label_allowed(std::string_view label);

}  // namespace skerry::edgecontroller
