#include "edgecore/edged/pod_dns.h"

#include <algorithm>
#include <sstream>

namespace skerry::edged {
namespace {

constexpr std::size_t kServersMax = 3;
constexpr std::size_t kSearchesMax = 32;

void add_unique(std::vector<std::string>& list, const std::vector<std::string>& more) {
  for (const std::string& item : more) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
}

/// An option of the pod replaces one of the same name.
void merge_options(std::vector<std::string>& options, const std::vector<std::string>& more) {
  const auto name = [](const std::string& option) { return option.substr(0, option.find(':')); };
  for (const std::string& option : more) {
    std::erase_if(options, [&](const std::string& have) { return name(have) == name(option); });
    options.push_back(option);
  }
}

std::string alias_lines(const PodSpec& pod) {
  if (pod.host_aliases.empty()) return "";
  std::string out = "\n# Entries added by HostAliases.\n";
  for (const HostAlias& alias : pod.host_aliases) {
    out += alias.ip;
    for (const std::string& name : alias.hostnames) out += "\t" + name;
    out += "\n";
  }
  return out;
}

std::string fqdn_domain(const PodSpec& pod, const std::string& cluster_domain) {
  return pod.subdomain + "." + pod.ns + ".svc." + cluster_domain;
}

}  // namespace

DnsConfig parse_resolv_conf(std::string_view text) {
  DnsConfig out;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string keyword;
    words >> keyword;
    std::vector<std::string> values;
    for (std::string word; words >> word;) values.push_back(word);
    if (keyword == "nameserver" && !values.empty()) out.nameservers.push_back(values.front());
    if (keyword == "search" || keyword == "domain") out.searches = values;
    if (keyword == "options") out.options = values;
  }
  std::erase(out.searches, ".");
  return out;
}

DnsConfig pod_dns(const DnsInputs& in) {
  DnsPolicy policy = in.pod.dns_policy;
  if (policy == DnsPolicy::kClusterFirstWithHostNet) {
    policy = DnsPolicy::kClusterFirst;
  } else if (policy == DnsPolicy::kClusterFirst && in.pod.host_network) {
    policy = DnsPolicy::kDefault;
  }
  if (policy == DnsPolicy::kClusterFirst && in.cluster_dns.empty()) policy = DnsPolicy::kDefault;

  DnsConfig out;
  if (policy == DnsPolicy::kDefault) out = in.host;
  if (policy == DnsPolicy::kClusterFirst) {
    out.nameservers = in.cluster_dns;
    if (!in.cluster_domain.empty()) {
      out.searches = {in.pod.ns + ".svc." + in.cluster_domain, "svc." + in.cluster_domain,
                      in.cluster_domain};
    }
    add_unique(out.searches, in.host.searches);
    out.options = {"ndots:5"};
  }
  add_unique(out.nameservers, in.pod.dns_config.nameservers);
  add_unique(out.searches, in.pod.dns_config.searches);
  merge_options(out.options, in.pod.dns_config.options);
  if (out.nameservers.size() > kServersMax) out.nameservers.resize(kServersMax);
  if (out.searches.size() > kSearchesMax) out.searches.resize(kSearchesMax);
  return out;
}

std::string sandbox_hostname(const PodSpec& pod, const std::string& cluster_domain) {
  if (pod.host_network) return "";
  if (!pod.hostname_as_fqdn || pod.subdomain.empty()) return pod.hostname;
  return pod.hostname + "." + fqdn_domain(pod, cluster_domain);
}

std::string hosts_file(const PodSpec& pod,
                       const std::vector<std::string>& pod_ips,
                       const std::string& cluster_domain) {
  std::string out =
      "# Kubernetes-managed hosts file.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\n"
      "fe00::0\tip6-mcastprefix\n"
      "fe00::1\tip6-allnodes\n"
      "fe00::2\tip6-allrouters\n";
  for (const std::string& ip : pod_ips) {
    out += ip + "\t";
    if (!pod.subdomain.empty()) {
      out += pod.hostname + "." + fqdn_domain(pod, cluster_domain) + "\t";
    }
    out += pod.hostname + "\n";
  }
  return out + alias_lines(pod);
}

std::string hosts_file_of_host(const PodSpec& pod, std::string_view host_file) {
  return "# Kubernetes-managed hosts file (host network).\n" + std::string(host_file) +
         alias_lines(pod);
}

}  // namespace skerry::edged
