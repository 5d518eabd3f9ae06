// A DaemonSet's Pods: on which Nodes they belong, what they look like, and which Node one is for.
// Pure. Source: pkg/controller/daemon/util/daemonset_util.go, daemon_controller.go
// (NodeShouldRunDaemonPod), as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace skerry::standalone {

inline constexpr const char* kDaemonHashLabel = "controller-revision-hash";

/// The Pod for a Node: bound to it by affinity, so that the scheduler places it; tolerating what
/// Nodes in trouble are tainted with.
nlohmann::json daemon_pod(const nlohmann::json& set,
                          const std::string& node,
                          const std::string& hash);

struct DaemonPlace {
  bool should_run = false;
  bool should_continue = false;  // one that runs already may stay
};
DaemonPlace daemon_place(const nlohmann::json& set, const nlohmann::json& node);

/// Where it runs, or where its affinity will put it; empty: neither.
std::string daemon_node_of(const nlohmann::json& pod);

/// deprecated.daemonset.template.generation of a set; empty: it has none.
std::string template_generation(const nlohmann::json& set);
/// The Pod is of the set's present template.
bool is_updated(const nlohmann::json& pod, const nlohmann::json& set, const std::string& hash);

}  // namespace skerry::standalone
