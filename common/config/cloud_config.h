// cloudcore's configuration: KubeEdge's keys and groups laid over typed defaults, plus ours under
// `skerry:`. Read once by App and handed out by value. Pure, but for load_cloud_config.
// Source: design.md section 9, reference/kubeedge-edge.md 1.3.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::config {

/// Keys, docs and limits of each member: the table in cloud_config.cc.
struct CloudConfig {
  // kubeAPIConfig
  std::string kubeconfig;   // empty: in-cluster, when running in a pod
  std::string kube_master;  // overrides the kubeconfig's server
  // commonConfig
  std::string metrics_address = "127.0.0.1:9091";  // empty: not served
  // modules.cloudHub
  std::vector<std::string> advertise_addresses;  // names and IPs in the server's certificate
  std::vector<std::string> dns_names;
  std::int64_t nodes_max = 20'000;
  std::int64_t certificate_days = 30;
  std::string ca_file;  // both or none: else the CA lives in a Secret
  std::string ca_key_file;
  std::string hub_address = "0.0.0.0";
  std::int64_t hub_port = kDefaultHubPort;
  // skerry
  std::string data_dir = "/var/lib/skerry";
  bool standalone = false;  // serves a Kubernetes API of its own
  std::string standalone_address = "0.0.0.0";
  std::int64_t standalone_port = 6443;  // 0: any free one
  bool cluster_wide_refs = false;
  std::int64_t hub_shards = 0;
  std::int64_t handshakes_per_second = 2'000;
  std::int64_t ca_patience_days = 30;
  std::chrono::milliseconds node_certificate_duration{};  // 0: certificate_days
  std::int64_t default_toleration_seconds = 300;  // the API server's --default-*-toleration-seconds
  std::string log_level = "info";
  std::string log_format = "text";
};

struct CloudConfigRead {
  CloudConfig config;
  std::vector<std::string> warnings;  // for the log, one line each
};

/// How long a node's certificate lives.
std::chrono::seconds node_certificate_life(const CloudConfig& config);

/// Lays YAML text over `base`. `source` names the file for people.
/// Errors: kMalformed, kTooLarge: one line with file, line, key, value and what is expected.
Result<CloudConfigRead> parse_cloud_config(std::string_view yaml,
                                           std::string_view source,
                                           CloudConfig base = {});
/// The same from a file. Errors besides: kNotFound, kStorage.
Result<CloudConfigRead> load_cloud_config(const std::string& path, CloudConfig base = {});

/// What --defaultconfig and --minconfig print.
std::string print_cloud_config(CloudConfig config, bool minimal_only);

}  // namespace skerry::config
