// Which cgroup a pod lives in and what is written there: a table of rules for cgroup v1 and v2,
// with the cgroupfs and the systemd driver. Pure; cgroup_dirs.h acts on it. Source: kubelet 1.34,
// pkg/kubelet/cm (helpers_linux.go, cgroup_manager_linux.go) and kuberuntime_container_linux.go.
//
//   sandbox.cgroup_parent = pod_cgroup(driver, qos_class(pod), pod.uid);
//   container.linux.resources = container_resources(pod, container, node_memory_bytes);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgecore/edged/qos.h"

namespace skerry::edged {

enum class CgroupVersion : std::uint8_t { kV1, kV2 };
enum class CgroupDriver : std::uint8_t { kCgroupfs, kSystemd };

inline constexpr std::int64_t kCpuPeriodUs = 100000;

/// "/kubepods", "/kubepods/burstable"; systemd: "/kubepods.slice/kubepods-burstable.slice".
std::string qos_cgroup(CgroupDriver driver, QosClass qos);

/// The whole path below the cgroup root, as CRI's cgroup_parent wants it:
/// "/kubepods/burstable/pod<uid>"; systemd:
/// "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid with _>.slice".
std::string pod_cgroup(CgroupDriver driver, QosClass qos, const Uid& uid);

/// CFS shares: 2 to 262144; 0 milli-CPU is 2.
std::uint64_t cpu_shares(std::int64_t milli_cpu);
/// CFS quota in microseconds of `period_us`: at least 1000; 0 milli-CPU is 0 (no limit).
std::int64_t cpu_quota_us(std::int64_t milli_cpu, std::int64_t period_us = kCpuPeriodUs);
/// cgroup v2 cpu.weight (1 to 10000) of v1 shares.
std::uint64_t cpu_weight(std::uint64_t shares);

/// What one cgroup is limited to. Absent: not written.
struct CgroupResources {
  std::optional<std::uint64_t> cpu_shares;
  std::optional<std::int64_t> cpu_quota_us;  // <= 0: no limit
  std::optional<std::int64_t> memory_limit_bytes;
  friend bool operator==(const CgroupResources&, const CgroupResources&) = default;
};

/// The pod's own cgroup: sums over its containers, init containers and overhead.
CgroupResources pod_resources(const PodSpec& pod);

/// Sums over the pod as the scheduler and the kubelet count them (component-helpers resource.go):
/// containers and sidecars together, or the dearest step of initialisation, plus overhead.
struct PodTotals {
  std::int64_t cpu_request_milli = 0;
  std::int64_t cpu_limit_milli = 0;
  std::int64_t memory_request_bytes = 0;
  std::int64_t memory_limit_bytes = 0;
  bool every_container_limits_cpu = true;
  bool every_container_limits_memory = true;
};
PodTotals pod_totals(const PodSpec& pod);

/// CRI LinuxContainerResources of one container; 0 means not set.
struct ContainerResources {
  std::int64_t cpu_period_us = kCpuPeriodUs;
  std::int64_t cpu_quota_us = 0;
  std::int64_t cpu_shares = 2;
  std::int64_t memory_limit_bytes = 0;
  int oom_score_adj = 0;
  friend bool operator==(const ContainerResources&, const ContainerResources&) = default;
};
ContainerResources container_resources(const PodSpec& pod,
                                       const ContainerSpec& container,
                                       std::int64_t memory_capacity_bytes);

/// One file to write in the pod's directory. `controller` is "cpu" or "memory" on v1, empty on v2.
struct CgroupWrite {
  std::string controller;
  std::string file;
  std::string value;
  friend bool operator==(const CgroupWrite&, const CgroupWrite&) = default;
};
std::vector<CgroupWrite> cgroup_writes(CgroupVersion version, const CgroupResources& resources);

}  // namespace skerry::edged
