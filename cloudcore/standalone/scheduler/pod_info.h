// A Pod as the scheduler sees it: read once, when it changes. Pure.
// Source: pkg/scheduler/framework (PodInfo, AffinityTerm), k8s.io/component-helpers/scheduling.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/taints.h"
#include "cloudcore/standalone/scheduler/resource_amounts.h"
#include "common/base/units.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {

using LabelMap = k8s::LabelSelector::Labels;

struct HostPort {
  std::string ip;  // empty: all addresses
  std::string protocol;
  std::int64_t port = 0;
  bool conflicts_with(const HostPort& other) const;
};

/// Terms are alternatives; inside a term everything must hold. A term without content matches no
/// Node.
struct NodeTerm {
  k8s::LabelSelector labels;
  k8s::LabelSelector by_field;
  std::int64_t weight = 0;  // of a preferred one
  bool empty = false;
  bool matches(const LabelMap& node_labels, const std::string& node_name) const;
};

struct PodTerm {
  k8s::LabelSelector selector;
  std::set<std::string> namespaces;
  std::optional<k8s::LabelSelector> namespace_selector;
  std::string topology_key;
  std::int64_t weight = 0;  // of a preferred one
};

struct SpreadConstraint {
  std::int64_t max_skew = 1;
  std::int64_t min_domains = 1;
  std::string topology_key;
  bool required = true;  // DoNotSchedule
  k8s::LabelSelector selector;
  bool honor_affinity = true;
  bool honor_taints = false;
};

/// What most Pods have nothing of.
struct PodConstraints {
  LabelMap node_selector;
  bool has_required_nodes = false;
  std::vector<NodeTerm> required_nodes;
  std::vector<NodeTerm> preferred_nodes;
  /// The only Nodes that the required terms name (a DaemonSet's Pod); nothing: any.
  std::optional<std::set<std::string>> named_nodes;
  std::vector<PodTerm> required_pods;
  std::vector<PodTerm> preferred_pods;
  std::vector<PodTerm> required_apart;
  std::vector<PodTerm> preferred_apart;
  std::vector<SpreadConstraint> spread;
  std::vector<HostPort> host_ports;
  std::vector<std::string> claims;  // of its own namespace

  bool has_pod_terms() const {
    return !required_pods.empty() || !preferred_pods.empty() || !required_apart.empty() ||
           !preferred_apart.empty();
  }
};

struct PodInfo {
  std::string ns;
  std::string name;
  std::string uid;
  std::string node;       // where it runs; empty: nowhere yet
  std::string nominated;  // where room is made for it
  std::string controller;
  LabelMap labels;
  std::vector<Toleration> tolerations;
  ResourceAmounts requests;
  ResourceAmounts score_requests;
  std::int64_t priority = 0;
  bool may_preempt = true;
  bool gated = false;
  bool leaving = false;    // it has a deletionTimestamp
  WallTime started{};      // or created, before it started
  std::size_t wishes = 0;  // a hash of what another try depends on: labels and spec
  std::shared_ptr<const PodConstraints> constraints;  // never null

  std::string key() const { return ns + "/" + name; }
};
using PodInfoPtr = std::shared_ptr<const PodInfo>;

PodInfoPtr read_pod(const nlohmann::json& pod);

/// nodeSelector and required node affinity together.
bool selects_node(const PodConstraints& constraints,
                  const LabelMap& node_labels,
                  const std::string& node_name);
/// `namespace_labels`: of the namespace that `pod` is in; null: unknown.
bool term_matches(const PodTerm& term, const PodInfo& pod, const LabelMap* namespace_labels);
NodeTerm read_node_term(const nlohmann::json& term);

}  // namespace skerry::standalone
