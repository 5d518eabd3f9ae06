#include "edgecore/edged/pod_dns.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;
using Words = std::vector<std::string>;

namespace {

const DnsConfig kHost{{"192.168.0.1"}, {"lan"}, {"edns0"}};
const Words kClusterDns = {"10.96.0.10"};
const std::string kDomain = "cluster.local";

DnsConfig dns(const PodSpec& pod, const Words& cluster_dns = kClusterDns) {
  return pod_dns({pod, kHost, cluster_dns, kDomain});
}

}  // namespace

TEST_CASE("PodDns: the host's resolv.conf", "[edged]") {
  const DnsConfig read = parse_resolv_conf(
      "# made by hand\nnameserver 1.1.1.1\nnameserver 8.8.8.8\nnameserver\n"
      "search old\nsearch a.example . b.example\noptions ndots:2 rotate\nsortlist x\n");
  CHECK(read.nameservers == Words{"1.1.1.1", "8.8.8.8"});
  CHECK(read.searches == Words{"a.example", "b.example"});
  CHECK(read.options == Words{"ndots:2", "rotate"});
  CHECK(parse_resolv_conf("").nameservers.empty());
}

TEST_CASE("PodDns: what each policy gives", "[edged]") {
  PodSpec pod = sample_pod();
  const Words cluster_searches = {"default.svc.cluster.local", "svc.cluster.local",
                                  "cluster.local", "lan"};
  SECTION("ClusterFirst") {
    CHECK(dns(pod).nameservers == kClusterDns);
    CHECK(dns(pod).searches == cluster_searches);
    CHECK(dns(pod).options == Words{"ndots:5"});
  }
  SECTION("ClusterFirst without a cluster DNS is the host's") {
    CHECK(dns(pod, {}).nameservers == kHost.nameservers);
    CHECK(dns(pod, {}).options == kHost.options);
  }
  SECTION("ClusterFirst on the host's network is the host's") {
    pod.host_network = true;
    CHECK(dns(pod).nameservers == kHost.nameservers);
    pod.dns_policy = DnsPolicy::kClusterFirstWithHostNet;
    CHECK(dns(pod).nameservers == kClusterDns);
  }
  SECTION("Default") {
    pod.dns_policy = DnsPolicy::kDefault;
    CHECK(dns(pod).searches == kHost.searches);
  }
  SECTION("None is what dnsConfig says") {
    pod.dns_policy = DnsPolicy::kNone;
    pod.dns_config = {{"9.9.9.9"}, {"own"}, {"timeout:1"}};
    CHECK(dns(pod).nameservers == Words{"9.9.9.9"});
    CHECK(dns(pod).searches == Words{"own"});
    CHECK(dns(pod).options == Words{"timeout:1"});
  }
}

TEST_CASE("PodDns: dnsConfig is added, an option of the same name replaced, all limited",
          "[edged]") {
  PodSpec pod = sample_pod();
  pod.dns_config = {{"10.96.0.10", "9.9.9.9", "8.8.8.8", "7.7.7.7"}, {}, {"ndots:2", "rotate"}};
  for (int i = 0; i < 40; ++i) pod.dns_config.searches.push_back("s" + std::to_string(i));
  CHECK(dns(pod).nameservers == Words{"10.96.0.10", "9.9.9.9", "8.8.8.8"});
  CHECK(dns(pod).searches.size() == 32);
  CHECK(dns(pod).options == Words{"ndots:2", "rotate"});
}

TEST_CASE("PodDns: host names", "[edged]") {
  PodSpec pod = sample_pod();
  pod.hostname = "web";
  CHECK(sandbox_hostname(pod, kDomain) == "web");
  pod.hostname_as_fqdn = true;
  CHECK(sandbox_hostname(pod, kDomain) == "web");
  pod.subdomain = "sub";
  CHECK(sandbox_hostname(pod, kDomain) == "web.sub.default.svc.cluster.local");
  pod.host_network = true;
  CHECK(sandbox_hostname(pod, kDomain).empty());
}

TEST_CASE("PodDns: the hosts file", "[edged]") {
  PodSpec pod = sample_pod();
  pod.hostname = "web";
  CHECK(hosts_file(pod, {"10.0.0.9"}, kDomain).ends_with("ip6-allrouters\n10.0.0.9\tweb\n"));
  pod.subdomain = "sub";
  pod.host_aliases = {{"10.1.1.1", {"db", "cache"}}};
  const std::string file = hosts_file(pod, {"10.0.0.9", "fd00::9"}, kDomain);
  CHECK(file.find("10.0.0.9\tweb.sub.default.svc.cluster.local\tweb\n") != std::string::npos);
  CHECK(file.find("fd00::9\tweb.sub") != std::string::npos);
  CHECK(file.ends_with("\n# Entries added by HostAliases.\n10.1.1.1\tdb\tcache\n"));
  const std::string of_host = hosts_file_of_host(pod, "127.0.0.1\tlocalhost\n");
  CHECK(of_host ==
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n"
        "\n# Entries added by HostAliases.\n10.1.1.1\tdb\tcache\n");
}
