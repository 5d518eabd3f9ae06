// What should become of a DaemonSet's Pods, Node by Node, and what its status says. Pure.
// Source: pkg/controller/daemon (daemon_controller.go manage, update.go rollingUpdate), as
// behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/daemon_pods.h"
#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr std::size_t kDaemonBurstMax = 250;  // Pods made or removed in one look

struct DaemonNode {
  std::string name;
  DaemonPlace place;
  std::vector<nlohmann::json> pods;  // for this Node, oldest first
};
/// Every Node, and every place that a Pod is for though no such Node exists (`place` is empty
/// then).
std::vector<DaemonNode> daemon_nodes(const nlohmann::json& set,
                                     const std::vector<nlohmann::json>& nodes,
                                     const std::vector<nlohmann::json>& pods);

struct DaemonPlan {
  std::vector<std::string> create_on;
  std::vector<nlohmann::json> remove;
  std::vector<nlohmann::json> ended;  // failed or succeeded: to be removed, with backoff
};
/// One Pod on each Node that should have one, none elsewhere.
DaemonPlan plan_daemons(const nlohmann::json& set,
                        const std::vector<DaemonNode>& nodes,
                        const std::string& hash,
                        WallTime now);
/// The next step from older Pods to those of `hash`, after plan_daemons has nothing to do there.
DaemonPlan plan_daemon_rollout(const nlohmann::json& set,
                               const std::vector<DaemonNode>& nodes,
                               const std::string& hash,
                               WallTime now);

struct DaemonStatus {
  nlohmann::json status;
  std::optional<Duration> again;  // when the next Pod becomes available
};
DaemonStatus daemon_status(const nlohmann::json& set,
                           const std::vector<DaemonNode>& nodes,
                           const std::string& hash,
                           WallTime now);

}  // namespace skerry::standalone
