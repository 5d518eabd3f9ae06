// Whether a Pod fits a Node, and how well. Pure.
// Source: pkg/scheduler plugins (nodeunschedulable, nodename, tainttoleration, nodeaffinity,
// nodeports, noderesources), as behaviour; their words for people.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace skerry::standalone {

/// What Pods ask for, or a Node has: thousandths of CPU, bytes, a count.
struct PodResources {
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pods = 0;
  void add(const PodResources& other);
};
/// Of containers together, or the largest init container.
PodResources requested(const nlohmann::json& pod);

struct NodeState {
  nlohmann::json node;
  PodResources used;
  std::set<std::string> host_ports;  // "TCP/80"
};
NodeState empty_node(nlohmann::json node);
void place(NodeState& node, const nlohmann::json& pod);

/// Why not, in the scheduler's words ("Insufficient cpu"); empty: it fits.
std::vector<std::string> misfits(const NodeState& node, const nlohmann::json& pod);
/// 0-100; higher is better: what would be least full.
int score(const NodeState& node, const nlohmann::json& pod);

/// "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable."
std::string why_nowhere(const std::vector<std::vector<std::string>>& misfits_of_nodes);

}  // namespace skerry::standalone
