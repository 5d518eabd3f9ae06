// What a Node's silence and conditions mean: its conditions, its taints, and how fast Pods may be
// told to leave. Pure.
// Source: pkg/controller/nodelifecycle (tryUpdateNodeHealth, taint maps, zone states), as
// behaviour; all Nodes are one zone.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr Duration kNodeGrace = std::chrono::seconds(50);  // --node-monitor-grace-period
inline constexpr Duration kEvictionInterval = std::chrono::seconds(10);       // one Node in this
inline constexpr Duration kEvictionIntervalSlow = std::chrono::seconds(100);  // many are away
inline constexpr std::size_t kLargeCluster = 50;  // Nodes; smaller ones then do not evict at all

/// The status of condition Ready: "True", "False", "Unknown"; empty: there is none.
std::string readiness(const nlohmann::json& node);

/// status.conditions of a Node that has not been heard of for kNodeGrace.
nlohmann::json conditions_in_silence(const nlohmann::json& node, WallTime now);

struct TaintWish {
  bool execute = false;  // NoExecute may be added now; one that is there stays
  bool spare = false;    // NoExecute goes: every Node is away, so it is us who are
};
/// spec.taints as the Node's conditions and spec.unschedulable want them; others stay as they are.
nlohmann::json taints_wanted(const nlohmann::json& node, const TaintWish& wish, WallTime now);

struct FleetHealth {
  std::size_t nodes = 0;
  std::size_t away = 0;
};
/// How long after one Node's Pods were told to leave the next one's are. Nothing: not at all.
std::optional<Duration> eviction_interval(const FleetHealth& fleet);

}  // namespace skerry::standalone
