// Makes and removes the pods' cgroups: the thin shell over cgroup_rules.h.
//
//   auto version = detect_cgroup_version("/sys/fs/cgroup");
//   CgroupDirs cgroups({*version, CgroupDriver::kCgroupfs, "/sys/fs/cgroup"});
//   cgroups.ensure_pod(pod);               // before RunPodSandbox; repeat at will
//   cgroups.remove_pod(pod.uid);           // after RemovePodSandbox, until it returns true
//
// With the systemd driver the slices belong to systemd: it makes them when the runtime starts the
// first scope in them and drops them with the last, so ensure_pod() does nothing there and limits
// of the pod as a whole are not set (those of its containers are, by the runtime).
#pragma once

#include <string>
#include <vector>

#include "edgecore/edged/cgroup_rules.h"

namespace skerry::edged {

struct CgroupSetup {
  CgroupVersion version = CgroupVersion::kV1;
  CgroupDriver driver = CgroupDriver::kCgroupfs;
  std::string root = "/sys/fs/cgroup";
  int cpus = 0;  // of the node, for the share of all pods together; 0: left as it is
};

/// v2 where the root has cgroup.controllers; v1 where it has a cpu or memory hierarchy (hybrid
/// systems are v1). Errors: kNotFound, with what to mount.
Result<CgroupVersion> detect_cgroup_version(const std::string& root);

/// Owner: Edged. Thread: its loop; the calls are a few writes to cgroupfs, which is memory.
class CgroupDirs {
 public:
  explicit CgroupDirs(CgroupSetup setup);

  /// Errors: kStorage.
  Result<void> ensure_pod(const PodSpec& pod);
  /// True when nothing of this uid is left in any hierarchy and class. False: processes are still
  /// in it, try again. Errors: kStorage.
  Result<bool> remove_pod(const Uid& uid);
  /// Uids that have a cgroup here: what a killed edgecore may have left.
  std::vector<Uid> pods() const;
  /// Processes below a pod's cgroup; empty when there is none.
  std::vector<int> processes(const Uid& uid) const;
  /// cpu shares of all burstable pods together: the sum of their requests.
  Result<void> set_burstable_cpu(std::int64_t requests_milli);

  const CgroupSetup& setup() const { return setup_; }

 private:
  std::vector<std::string> hierarchies() const;
  std::vector<std::string> searched() const;
  std::vector<std::string> pod_dirs(const Uid& uid) const;

  CgroupSetup setup_;
};

}  // namespace skerry::edged
