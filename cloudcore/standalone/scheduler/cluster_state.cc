#include "cloudcore/standalone/scheduler/cluster_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using nlohmann::json;
namespace fields = k8s::fields;

void NodeInfo::add(const PodInfoPtr& pod) {
  used.add(pod->requests);
  score_used.add(pod->score_requests);
  pods.push_back(pod);
}

void NodeInfo::remove(const PodInfo& pod) {
  const auto found = std::find_if(pods.begin(), pods.end(),
                                  [&](const PodInfoPtr& each) { return each->uid == pod.uid; });
  if (found == pods.end()) return;
  used.subtract((*found)->requests);
  score_used.subtract((*found)->score_requests);
  pods.erase(found);
}

const std::string* label_of(const NodeInfo& node, const std::string& key) {
  const auto found = node.labels.find(key);
  return found == node.labels.end() ? nullptr : &found->second;
}

NodeInfo read_node(const json& node) {
  NodeInfo out;
  const json& metadata = fields::object(node, "metadata");
  const json& status = fields::object(node, "status");
  out.name = fields::text(metadata, "name");
  out.labels = fields::text_map(metadata, "labels");
  out.taints = taints_of(node);
  out.unschedulable = fields::flag(fields::object(node, "spec"), "unschedulable");
  const json& allocatable = fields::object(status, "allocatable");
  out.allocatable =
      read_amounts(allocatable.empty() ? fields::object(status, "capacity") : allocatable);
  return out;
}

NodeInfo* ClusterState::find(const std::string& name) {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second.get();
}

const NodeInfo* ClusterState::node(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second.get();
}

PodInfoPtr ClusterState::pod(const std::string& key) const {
  const auto found = pods_.find(key);
  return found == pods_.end() ? nullptr : found->second;
}

const std::set<PodInfoPtr>& ClusterState::pods_in(const std::string& ns) const {
  static const std::set<PodInfoPtr> none;
  const auto found = by_namespace_.find(ns);
  return found == by_namespace_.end() ? none : found->second;
}

const LabelMap* ClusterState::namespace_labels(const std::string& name) const {
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : &found->second;
}

const std::map<std::string, std::int64_t>& ClusterState::nodes_of_controller(
    const std::string& uid) const {
  static const std::map<std::string, std::int64_t> none;
  const auto found = by_controller_.find(uid);
  return found == by_controller_.end() ? none : found->second;
}

void ClusterState::count_sibling(const PodInfo& pod, int change) {
  if (pod.controller.empty() || pod.leaving) return;
  auto& nodes = by_controller_[pod.controller];
  const auto at = nodes.try_emplace(pod.node, 0).first;
  at->second += change;
  if (at->second == 0) nodes.erase(at);
  if (nodes.empty()) by_controller_.erase(pod.controller);
}

// ---- nodes --------------------------------------------------------------------------------------

bool ClusterState::put_node(const json& node) {
  NodeInfo read = read_node(node);
  NodePtr& at = nodes_[read.name];
  if (at) {
    const bool changed = read.labels != at->labels || read.taints != at->taints ||
                         read.unschedulable != at->unschedulable ||
                         read.allocatable != at->allocatable;
    read.used = std::move(at->used);
    read.score_used = std::move(at->score_used);
    read.pods = std::move(at->pods);
    read.nominated = std::move(at->nominated);
    *at = std::move(read);
    return changed;
  }
  at = std::make_shared<NodeInfo>(std::move(read));
  order_.push_back(at);
  for (const auto& [key, pod] : pods_) {
    if (pod->node == at->name) at->add(pod);
    if (pod->node.empty() && pod->nominated == at->name) at->nominated.push_back(pod);
  }
  return true;
}

void ClusterState::remove_node(const std::string& name) {
  nodes_.erase(name);
  std::erase_if(order_, [&](const NodePtr& each) { return each->name == name; });
}

// ---- pods ---------------------------------------------------------------------------------------

void ClusterState::link(const PodInfoPtr& pod) {
  if (pod->node.empty()) {
    NodeInfo* const wanted = find(pod->nominated);
    if (wanted != nullptr) wanted->nominated.push_back(pod);
    return;
  }
  if (NodeInfo* const at = find(pod->node); at != nullptr) at->add(pod);
  count_sibling(*pod, 1);
  by_namespace_[pod->ns].insert(pod);
  if (pod->constraints->has_pod_terms()) with_terms_.insert(pod);
}

void ClusterState::unlink(const PodInfoPtr& pod) {
  if (pod->node.empty()) {
    NodeInfo* const wanted = find(pod->nominated);
    if (wanted == nullptr) return;
    std::erase_if(wanted->nominated, [&](const PodInfoPtr& each) { return each->uid == pod->uid; });
    return;
  }
  if (NodeInfo* const at = find(pod->node); at != nullptr) at->remove(*pod);
  count_sibling(*pod, -1);
  const auto in_namespace = by_namespace_.find(pod->ns);
  if (in_namespace != by_namespace_.end()) {
    in_namespace->second.erase(pod);
    if (in_namespace->second.empty()) by_namespace_.erase(in_namespace);
  }
  with_terms_.erase(pod);
}

void ClusterState::put_pod(PodInfoPtr pod) {
  const std::string key = pod->key();
  const auto assumed = assumed_.find(key);
  if (assumed != assumed_.end()) {
    if (pod->node.empty()) {
      auto placed = std::make_shared<PodInfo>(*pod);
      placed->node = assumed->second;
      pod = std::move(placed);
    } else {
      assumed_.erase(assumed);
    }
  }
  PodInfoPtr& at = pods_[key];
  if (at) unlink(at);
  at = std::move(pod);
  link(at);
}

void ClusterState::remove_pod(const std::string& key) {
  assumed_.erase(key);
  const auto found = pods_.find(key);
  if (found == pods_.end()) return;
  unlink(found->second);
  pods_.erase(found);
}

void ClusterState::assume(const PodInfo& pod, const std::string& node) {
  auto placed = std::make_shared<PodInfo>(pod);
  placed->node.clear();
  assumed_[pod.key()] = node;
  put_pod(std::move(placed));
}

void ClusterState::forget(const std::string& key) {
  if (assumed_.erase(key) == 0) return;
  const PodInfoPtr there = pod(key);
  if (!there) return;
  auto free = std::make_shared<PodInfo>(*there);
  free->node.clear();
  put_pod(std::move(free));
}

void ClusterState::nominate(const std::string& key, const std::string& node) {
  const PodInfoPtr there = pod(key);
  if (!there || !there->node.empty()) return;
  auto wanted = std::make_shared<PodInfo>(*there);
  wanted->nominated = node;
  put_pod(std::move(wanted));
}

}  // namespace skerry::standalone
