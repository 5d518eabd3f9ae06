// Taints of Nodes and tolerations of Pods, read once. Pure.
// Source: k8s.io/api/core/v1 (toleration.go), k8s.io/component-helpers/scheduling/corev1.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace skerry::standalone {

namespace taint_keys {
inline constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
inline constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";
inline constexpr const char* kUnschedulable = "node.kubernetes.io/unschedulable";
inline constexpr const char* kMemoryPressure = "node.kubernetes.io/memory-pressure";
inline constexpr const char* kDiskPressure = "node.kubernetes.io/disk-pressure";
inline constexpr const char* kPidPressure = "node.kubernetes.io/pid-pressure";
inline constexpr const char* kNetworkUnavailable = "node.kubernetes.io/network-unavailable";
}  // namespace taint_keys

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // NoSchedule, PreferNoSchedule, NoExecute
  friend bool operator==(const Taint&, const Taint&) = default;
};

struct Toleration {
  std::string key;  // empty: all keys, with `exists`
  bool exists = false;
  std::string value;
  std::string effect;  // empty: all
  std::optional<std::int64_t> seconds;

  bool tolerates(const Taint& taint) const;
};

std::vector<Taint> taints_of(const nlohmann::json& node);
std::vector<Toleration> tolerations_of(const nlohmann::json& pod);
bool tolerated(const std::vector<Toleration>& tolerations, const Taint& taint);

}  // namespace skerry::standalone
