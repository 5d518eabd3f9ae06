#include "common/config/edge_config.h"

#include "common/config/config_file.h"
#include "common/config/key_table.h"
#include "common/config/kubeedge_keys.h"

namespace skerry::config {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

std::vector<Key> edged_keys(EdgeConfig& c) {
  return {
      {.path = "modules.edged.hostnameOverride",
       .target = &c.node_name,
       .doc = "The node's name; empty: the host's name.",
       .minimal = true},
      {.path = "modules.edged.nodeIP",
       .target = &c.node_ip,
       .doc = "The node's address; empty: that of the default route."},
      {.path = "modules.edged.nodeLabels",
       .target = &c.node_labels,
       .doc = "Labels wanted when the Node is created; later an administrator sets them."},
      {.path = "modules.edged.registerSchedulable",
       .target = &c.register_schedulable,
       .doc = "false: the Node is created with the unschedulable taint."},
      {.path = "modules.edged.podSandboxImage",
       .target = &c.pod_sandbox_image,
       .doc = "The pause image."},
      {.path = "modules.edged.rootDirectory",
       .target = &c.kubelet_dir,
       .doc = "Where pods' volumes are."},
      {.path = "modules.edged.tailoredKubeletConfig.containerRuntimeEndpoint",
       .target = &c.runtime_endpoint,
       .doc = "The CRI socket.",
       .minimal = true},
      {.path = "modules.edged.tailoredKubeletConfig.podLogsDir",
       .target = &c.pod_logs_dir,
       .doc = "Where containers' logs are."},
      {.path = "modules.edged.tailoredKubeletConfig.cgroupDriver",
       .target = &c.cgroup_driver,
       .doc = "cgroupfs or systemd, as the container runtime has it.",
       .allowed = "cgroupfs|systemd",
       .minimal = true},
      {.path = "modules.edged.tailoredKubeletConfig.maxPods",
       .target = &c.pods_max,
       .doc = "Pods this node takes.",
       .min = 1,
       .max = 1000},
      {.path = "modules.edged.tailoredKubeletConfig.containerLogMaxSize",
       .target = &c.container_log_size_max,
       .doc = "A container's log is rotated at this size."},
      {.path = "modules.edged.tailoredKubeletConfig.containerLogMaxFiles",
       .target = &c.container_log_files_max,
       .doc = "Files kept of a container's log.",
       .min = 2,
       .max = 100},
      {.path = "modules.edged.tailoredKubeletConfig.clusterDNS",
       .target = &c.cluster_dns,
       .doc = "Name servers of pods with dnsPolicy ClusterFirst."},
      {.path = "modules.edged.tailoredKubeletConfig.clusterDomain",
       .target = &c.cluster_domain,
       .doc = "The cluster's DNS domain."},
      {.path = "modules.edged.tailoredKubeletConfig.resolvConf",
       .target = &c.resolv_conf,
       .doc = "What pods with dnsPolicy Default get."},
  };
}

std::vector<Key> own_keys(EdgeConfig& c) {
  return {
      {.path = "modules.edgeHub.websocket.server",
       .target = &c.cloud_server,
       .doc = "cloudcore, host:port; `edgecore join` writes it.",
       .minimal = true},
      {.path = "skerry.dataDir",
       .target = &c.data_dir,
       .doc = "All state of this node.",
       .minimal = true},
      {.path = "skerry.kubernetesServiceHost",
       .target = &c.kubernetes_service_host,
       .doc = "KUBERNETES_SERVICE_HOST in containers; empty: not set."},
      {.path = "skerry.kubernetesServicePort",
       .target = &c.kubernetes_service_port,
       .doc = "KUBERNETES_SERVICE_PORT in containers.",
       .min = 1,
       .max = 65535},
      {.path = "skerry.offlineCredentialLease",
       .target = &c.offline_credential_lease,
       .doc = "How long a pod's expired token is still served when the cloud cannot renew it; then "
              "its file is removed.",
       .max = 10 * 365 * 24 * kHourMs},
      {.path = "skerry.metricsAddress",
       .target = &c.metrics_address,
       .doc = "/metrics, /healthz, /readyz over TCP; empty: only on <dataDir>/edgecore.sock."},
      {.path = "skerry.logLevel",
       .target = &c.log_level,
       .doc = "debug, info, warning or error.",
       .allowed = "debug|info|warning|error"},
      {.path = "skerry.logFormat",
       .target = &c.log_format,
       .doc = "text (key=value) or json.",
       .allowed = "text|json"},
  };
}

KeyTable table_of(EdgeConfig& config) {
  KeyTable table{.api_version = "edgecore.config.kubeedge.io/v1alpha2",
                 .kind = "EdgeCore",
                 .keys = edged_keys(config),
                 .ignored = ignored_edge_keys()};
  for (Key& key : own_keys(config)) table.keys.push_back(std::move(key));
  return table;
}

Result<void> check(const EdgeConfig& config, std::string_view source) {
  if (!config.node_name.empty() && !is_node_name(config.node_name)) {
    return fail(Code::kMalformed,
                std::string(source) + ": modules.edged.hostnameOverride: \"" + config.node_name +
                    "\" cannot be a node's name (a-z, 0-9, '-', '.', at most 253 characters)");
  }
  return {};
}

}  // namespace

Result<EdgeConfigRead> parse_edge_config(std::string_view yaml,
                                         std::string_view source,
                                         EdgeConfig base) {
  EdgeConfigRead read{std::move(base), {}};
  Result<std::vector<std::string>> warnings = apply_text(yaml, table_of(read.config), source);
  if (!warnings) return fail(warnings.error());
  if (Result<void> checked = check(read.config, source); !checked) return fail(checked.error());
  read.warnings = std::move(*warnings);
  return read;
}

Result<EdgeConfigRead> load_edge_config(const std::string& path, EdgeConfig base) {
  Result<std::string> text = read_config_file(path);
  if (!text) return fail(text.error());
  return parse_edge_config(*text, path, std::move(base));
}

std::string print_edge_config(EdgeConfig config, bool minimal_only) {
  return print(table_of(config), minimal_only);
}

bool is_node_name(std::string_view name) {
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > 253) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_alnum(name[i])) continue;
    if (name[i] != '-' && name[i] != '.') return false;
    // Each label starts and ends with a letter or digit.
    if (i == 0 || i + 1 == name.size()) return false;
    if (name[i] == '.' && !(is_alnum(name[i - 1]) && is_alnum(name[i + 1]))) return false;
  }
  return true;
}

std::string default_node_name(std::string_view host_name) {
  std::string name;
  for (const char c : host_name) {
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return is_node_name(name) ? name : "default-edge-node";
}

}  // namespace skerry::config
