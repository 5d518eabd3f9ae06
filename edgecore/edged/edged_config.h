// What edged is told at its start. Filled by App from the configuration file. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/units.h"
#include "edgecore/edged/cgroup_dirs.h"
#include "edgecore/edged/container_log.h"
#include "edgecore/edged/env.h"

namespace skerry::edged {

struct EdgedConfig {
  NodeName node;
  std::string pods_dir;                        // <data-dir>/pods, absolute
  std::string pod_log_root = "/var/log/pods";  // or <data-dir>/log/pods
  std::string resolv_conf = "/etc/resolv.conf";
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::int64_t memory_capacity_bytes = 0;  // the node's, for OOM scores; must be > 0
  PodFacts node_facts;                     // host_ips, allocatable, API server; pod_ips empty
  CgroupSetup cgroups;
  LogLimits logs;
  Duration offline_credential_lease = kOfflineCredentialLease;  // of tokens past their end
};

}  // namespace skerry::edged
