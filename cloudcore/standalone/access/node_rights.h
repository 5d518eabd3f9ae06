// What a node may read and write: its own Node and leases, and what the pods bound to it refer to.
// Whom a pod concerns is read from the store when a node asks; nothing is kept.
//
// Owner: Authorizer. Thread: the API's loop. Source: the Node authorizer of kube-apiserver 1.34, as
// behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/access/access_question.h"
#include "cloudcore/standalone/api/object_store.h"

namespace skerry::standalone {

/// Of a user system:node:<name> in the group system:nodes; nothing: another user.
std::optional<std::string> node_of(const User& user);

class NodeRights {
 public:
  explicit NodeRights(const ObjectStore& store) : store_(store) {}

  AccessDecision decide(const std::string& node, const AccessQuestion& question) const;

 private:
  AccessDecision read_pods(const std::string& node, const AccessQuestion& question) const;
  AccessDecision read_referenced(const std::string& node, const AccessQuestion& question) const;
  AccessDecision get_cluster_object(const std::string& node, const AccessQuestion& question) const;
  AccessDecision account(const std::string& node, const AccessQuestion& question) const;
  AccessDecision by_relation(const std::string& node, const AccessQuestion& question) const;
  bool related(const std::string& node, const AccessQuestion& question) const;
  bool pods_refer(const std::string& node, const std::string& ns, const AccessQuestion& to) const;

  const ObjectStore& store_;
};

}  // namespace skerry::standalone
