// edgecore's configuration: KubeEdge's keys and groups laid over typed defaults, plus ours under
// `skerry:`. Read once by App and handed out by value. Pure, but for load_edge_config.
// Source: design.md section 9, reference/kubeedge-edge.md 1.1-1.2.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"
#include "common/config/byte_size.h"

namespace skerry::config {

using Labels = std::map<std::string, std::string>;
using std::chrono::milliseconds;

/// Keys, docs and limits of each member: the table in edge_config.cc.
struct EdgeConfig {
  // modules.edged
  std::string node_name;  // empty: default_node_name(the host's name)
  std::string node_ip;    // empty: the address of the default route
  Labels node_labels;
  bool register_schedulable = true;
  std::string pod_sandbox_image = "kubeedge/pause:3.6";
  std::string kubelet_dir = "/var/lib/kubelet";
  // modules.edged.tailoredKubeletConfig
  std::string runtime_endpoint = "unix:///run/containerd/containerd.sock";
  std::string pod_logs_dir = "/var/log/pods";
  std::string cgroup_driver = "cgroupfs";
  std::int64_t pods_max = 110;
  ByteSize container_log_size_max{10 * kMiB};
  std::int64_t container_log_files_max = 5;
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  // modules.edgeHub
  std::string cloud_server;  // "host:port"; written by `edgecore join`
  // skerry
  std::string data_dir = "/var/lib/skerry";
  std::string kubernetes_service_host;  // KUBERNETES_SERVICE_HOST of pods; empty: not set
  std::int64_t kubernetes_service_port = 443;
  milliseconds offline_credential_lease = kOfflineCredentialLease;
  std::string metrics_address;  // empty: on the local socket alone
  std::string log_level = "info";
  std::string log_format = "text";
};

struct EdgeConfigRead {
  EdgeConfig config;
  std::vector<std::string> warnings;  // for the log, one line each
};

/// Lays YAML text over `base`. `source` names the file for people.
/// Errors: kMalformed, kTooLarge: one line with file, line, key, value and what is expected.
Result<EdgeConfigRead> parse_edge_config(std::string_view yaml,
                                         std::string_view source,
                                         EdgeConfig base = {});
/// The same from a file. Errors besides: kNotFound, kStorage.
Result<EdgeConfigRead> load_edge_config(const std::string& path, EdgeConfig base = {});

/// What --defaultconfig and --minconfig print.
std::string print_edge_config(EdgeConfig config, bool minimal_only);

/// The host's name, lower-cased; "default-edge-node" when it cannot be a node's name (as KubeEdge).
std::string default_node_name(std::string_view host_name);
/// A DNS-1123 subdomain of at most 253 characters.
bool is_node_name(std::string_view name);

}  // namespace skerry::config
