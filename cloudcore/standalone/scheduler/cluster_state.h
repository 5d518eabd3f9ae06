// The index that the scheduler decides by: Nodes with what is used on them, and Pods by namespace,
// kept up with every event instead of being counted anew for every Pod.
//
// Owner: Scheduler. Thread: the API's loop. Source: pkg/scheduler/backend/cache, as behaviour.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/standalone/scheduler/pod_info.h"

namespace skerry::standalone {

struct NodeInfo {
  std::string name;
  LabelMap labels;
  std::vector<Taint> taints;
  bool unschedulable = false;
  ResourceAmounts allocatable;
  ResourceAmounts used;
  ResourceAmounts score_used;
  std::vector<PodInfoPtr> pods;       // that run here, or are about to
  std::vector<PodInfoPtr> nominated;  // room was made here for them

  void add(const PodInfoPtr& pod);
  void remove(const PodInfo& pod);
};

/// nullptr: the Node has no such label.
const std::string* label_of(const NodeInfo& node, const std::string& key);
NodeInfo read_node(const nlohmann::json& node);

class ClusterState {
 public:
  using NodePtr = std::shared_ptr<NodeInfo>;

  /// Whether anything changed that a Pod may have waited for.
  bool put_node(const nlohmann::json& node);
  void remove_node(const std::string& name);
  /// Pods that have ended are removed instead.
  void put_pod(PodInfoPtr pod);
  void remove_pod(const std::string& key);
  void put_namespace(const std::string& name, LabelMap labels) {
    namespaces_[name] = std::move(labels);
  }
  void remove_namespace(const std::string& name) { namespaces_.erase(name); }

  /// Counts the Pod on that Node from now on, before the API has confirmed it.
  void assume(const PodInfo& pod, const std::string& node);
  /// It could not be bound.
  void forget(const std::string& key);
  bool assumed(const std::string& key) const { return assumed_.contains(key); }
  /// Room is made for it there; empty: nowhere any more.
  void nominate(const std::string& key, const std::string& node);

  const std::vector<NodePtr>& nodes() const { return order_; }
  const NodeInfo* node(const std::string& name) const;
  const NodeInfo* node_of(const PodInfo& pod) const { return node(pod.node); }
  PodInfoPtr pod(const std::string& key) const;
  /// Placed ones. By namespace; those with terms about other Pods.
  const std::set<PodInfoPtr>& pods_in(const std::string& ns) const;
  const std::set<PodInfoPtr>& pods_with_terms() const { return with_terms_; }
  const std::map<std::string, std::set<PodInfoPtr>>& pods_by_namespace() const {
    return by_namespace_;
  }
  const LabelMap* namespace_labels(const std::string& name) const;
  /// How many Pods of one controller are on each Node.
  const std::map<std::string, std::int64_t>& nodes_of_controller(const std::string& uid) const;

 private:
  void count_sibling(const PodInfo& pod, int change);
  void link(const PodInfoPtr& pod);
  void unlink(const PodInfoPtr& pod);
  NodeInfo* find(const std::string& name);

  std::map<std::string, NodePtr> nodes_;
  std::vector<NodePtr> order_;
  std::map<std::string, PodInfoPtr> pods_;
  std::map<std::string, std::string> assumed_;  // Pod -> Node
  std::map<std::string, std::set<PodInfoPtr>> by_namespace_;
  std::set<PodInfoPtr> with_terms_;
  std::map<std::string, std::map<std::string, std::int64_t>> by_controller_;
  std::map<std::string, LabelMap> namespaces_;
};

}  // namespace skerry::standalone
