// A pod's resolv.conf and hosts file. Pure.
// Source: kubelet 1.34, pkg/kubelet/network/dns/dns.go; kubelet_pods.go managedHostsFileContent.
#pragma once

#include <string>
#include <string_view>

#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

/// The node's own resolv.conf. Unknown lines are skipped.
DnsConfig parse_resolv_conf(std::string_view text);

struct DnsInputs {
  const PodSpec& pod;
  const DnsConfig& host;
  const std::vector<std::string>& cluster_dns;
  const std::string& cluster_domain;
};
/// What the sandbox gets. Limits as in a kubelet: 3 servers, 32 search paths.
DnsConfig pod_dns(const DnsInputs& inputs);

/// "web" or "web.sub.ns.svc.cluster.local" for setHostnameAsFQDN; empty for hostNetwork pods.
std::string sandbox_hostname(const PodSpec& pod, const std::string& cluster_domain);

/// /etc/hosts of a pod with its own network.
std::string hosts_file(const PodSpec& pod,
                       const std::vector<std::string>& pod_ips,
                       const std::string& cluster_domain);
/// With the host's network: the host's own and the pod's hostAliases.
std::string hosts_file_of_host(const PodSpec& pod, std::string_view host_file);

}  // namespace skerry::edged
