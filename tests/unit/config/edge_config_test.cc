#include "common/config/edge_config.h"

#include "common/config/cloud_config.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::config;

namespace {

EdgeConfigRead read_edge(const std::string& yaml) {
  Result<EdgeConfigRead> read = parse_edge_config(yaml, "edgecore.yaml");
  INFO((read ? "" : read.error().what));
  REQUIRE(read);
  return *read;
}

std::string error_of(const std::string& yaml) {
  Result<EdgeConfigRead> read = parse_edge_config(yaml, "edgecore.yaml");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::kMalformed);
  return read.error().what;
}

}  // namespace

TEST_CASE("EdgeConfig: an empty file is the defaults", "[config]") {
  for (const char* yaml : {"", "---\n", "# nothing\n", "modules:\n  edged:\n"}) {
    const EdgeConfigRead read = read_edge(yaml);
    CHECK(read.warnings.empty());
    CHECK(read.config.runtime_endpoint == "unix:///run/containerd/containerd.sock");
    CHECK(read.config.offline_credential_lease == 720h);
    CHECK(read.config.data_dir == "/var/lib/skerry");
  }
}

TEST_CASE("EdgeConfig: KubeEdge's keys land in their members", "[config]") {
  const EdgeConfigRead read = read_edge(R"(
apiVersion: edgecore.config.kubeedge.io/v1alpha2
kind: EdgeCore
database:
  dataSource: /var/lib/kubeedge/edgecore.db
modules:
  edged:
    hostnameOverride: gateway-7
    nodeLabels: {site: "12", rack: a}
    registerSchedulable: false
    tailoredKubeletConfig:
      containerRuntimeEndpoint: unix:///tmp/c.sock
      maxPods: 20
      containerLogMaxSize: 5Mi
      clusterDNS: [169.254.96.16]
      evictionHard: {memory.available: 5%}
      cgroupDriver: systemd
  edgeHub:
    heartbeat: 15
    websocket: {enable: true, server: "cloud.example:10000"}
  eventBus: {mqttMode: 2, anything: [1, 2]}
skerry:
  dataDir: /tmp/d
  offlineCredentialLease: 36h30m
)");
  CHECK(read.warnings.empty());
  CHECK(read.config.node_name == "gateway-7");
  CHECK(read.config.node_labels == Labels{{"rack", "a"}, {"site", "12"}});
  CHECK_FALSE(read.config.register_schedulable);
  CHECK(read.config.pods_max == 20);
  CHECK(read.config.container_log_size_max.bytes == 5 * kMiB);
  CHECK(read.config.cluster_dns == std::vector<std::string>{"169.254.96.16"});
  CHECK(read.config.cgroup_driver == "systemd");
  CHECK(read.config.cloud_server == "cloud.example:10000");
  CHECK(read.config.offline_credential_lease == 36h + 30min);
}

TEST_CASE("EdgeConfig: an unknown key is a warning that names the nearest known one", "[config]") {
  struct Row {
    const char* yaml;
    const char* unknown;
    const char* nearest;
  };
  const Row rows[] = {
      {"modules: {edged: {hostNameOverride: a}}", "modules.edged.hostNameOverride",
       "modules.edged.hostnameOverride?"},
      {"modules: {edged: {nodeip: 1.2.3.4}}", "modules.edged.nodeip", "modules.edged.nodeIP?"},
      {"modules: {edgehub: {websocket: {server: x}}}", "modules.edgehub", "modules.edgeHub?"},
      {"skerry: {data-dir: /x}", "skerry.data-dir", "skerry.dataDir?"},
      // Right word, wrong indentation.
      {"modules: {edged: {maxPods: 5}}", "modules.edged.maxPods",
       "modules.edged.tailoredKubeletConfig.maxPods?"},
      {"module: {}", "module", "modules?"},
  };
  for (const Row& row : rows) {
    const EdgeConfigRead read = read_edge(row.yaml);
    CAPTURE(row.yaml);
    REQUIRE(read.warnings.size() == 1);
    CAPTURE(read.warnings[0]);
    CHECK(read.warnings[0].find(std::string("unknown key ") + row.unknown + " is ignored") !=
          std::string::npos);
    CHECK(read.warnings[0].find(std::string("did you mean ") + row.nearest) != std::string::npos);
    CHECK(read.warnings[0].rfind("edgecore.yaml:1: ", 0) == 0);
  }
  CHECK(read_edge("zzzzqqqqxxxx: 1").warnings[0] ==
        "edgecore.yaml:1: unknown key zzzzqqqqxxxx is ignored");
}

TEST_CASE("EdgeConfig: a wrong value is one error with line, key, value and what is expected",
          "[config]") {
  struct Row {
    const char* yaml;
    const char* error;
  };
  const Row rows[] = {
      {"modules:\n  edged:\n    registerSchedulable: maybe",
       "edgecore.yaml:3: modules.edged.registerSchedulable: \"maybe\" is not true or false"},
      {"modules: {edged: {registerSchedulable: \"true\"}}",
       "edgecore.yaml:1: modules.edged.registerSchedulable: \"true\" is not true or false "
       "(unquoted)"},
      {"modules: {edged: {tailoredKubeletConfig: {maxPods: many}}}",
       "edgecore.yaml:1: modules.edged.tailoredKubeletConfig.maxPods: \"many\" is not a whole "
       "number (unquoted), from 1 to 1000"},
      {"modules: {edged: {tailoredKubeletConfig: {maxPods: 0}}}",
       "edgecore.yaml:1: modules.edged.tailoredKubeletConfig.maxPods: \"0\" is not from 1 to 1000"},
      {"modules: {edged: {tailoredKubeletConfig: {cgroupDriver: cgroup}}}",
       "edgecore.yaml:1: modules.edged.tailoredKubeletConfig.cgroupDriver: \"cgroup\" is not one "
       "of cgroupfs|systemd"},
      {"skerry: {offlineCredentialLease: 30}",
       "edgecore.yaml:1: skerry.offlineCredentialLease: \"30\" is not a duration such as 10s, 5m "
       "or 1h30m"},
      {"skerry: {offlineCredentialLease: -1s}",
       "edgecore.yaml:1: skerry.offlineCredentialLease: \"-1s\" is not from 0s to 87600h0m0s"},
      {"modules: {edged: {tailoredKubeletConfig: {containerLogMaxSize: 10MB}}}",
       "edgecore.yaml:1: modules.edged.tailoredKubeletConfig.containerLogMaxSize: \"10MB\" is not "
       "a size such as 10Mi"},
      {"modules: {edged: {tailoredKubeletConfig: {clusterDNS: 10.0.0.1}}}",
       "edgecore.yaml:1: modules.edged.tailoredKubeletConfig.clusterDNS: \"10.0.0.1\" is not a "
       "list of texts"},
      {"modules: {edged: {nodeLabels: [a]}}",
       "edgecore.yaml:1: modules.edged.nodeLabels: a list is not a group of name: text"},
      {"modules: {edged: {nodeIP: {a: b}}}",
       "edgecore.yaml:1: modules.edged.nodeIP: a group of keys is not text"},
      {"modules: {edged: 5}", "edgecore.yaml:1: modules.edged: \"5\" is not a group of keys"},
      {"modules: {edged: {hostnameOverride: Bad_Name}}",
       "edgecore.yaml: modules.edged.hostnameOverride: \"Bad_Name\" cannot be a node's name (a-z, "
       "0-9, '-', '.', at most 253 characters)"},
      {"kind: CloudCore",
       "edgecore.yaml:1: kind: \"CloudCore\" is not EdgeCore; is this the right file?"},
      {"skerry: {dataDir: a}\nskerry: {dataDir: b}",
       "edgecore.yaml: line 2: key \"skerry\" is there twice; keep one of them"},
      {"[1, 2]", "edgecore.yaml: not a group of keys at the top"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(error_of(row.yaml) == row.error);
  }
  CHECK(error_of("a: [1").find("not valid YAML") != std::string::npos);
}

TEST_CASE("EdgeConfig: what hurts a parser is refused", "[config]") {
  CHECK(parse_edge_config(std::string(2 * kMiB, '#'), "f").error().code == Code::kTooLarge);
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "[";
  for (int i = 0; i < 200; ++i) deep += "]";
  CHECK(parse_edge_config("a: " + deep, "f").error().code == Code::kTooLarge);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  CHECK(parse_edge_config(bomb, "f").error().code == Code::kTooLarge);
}

TEST_CASE("EdgeConfig: what is printed reads back to the same values", "[config]") {
  EdgeConfig config;
  config.node_labels = {{"a", "x \"y\"\n"}, {"b", ""}};
  config.cluster_dns = {"10.0.0.10", "::1"};
  config.pods_max = 7;
  config.offline_credential_lease = 90min;
  config.register_schedulable = false;
  const std::string text = print_edge_config(config, false);
  CAPTURE(text);
  const EdgeConfigRead read = read_edge(text);
  CHECK(read.warnings.empty());
  CHECK(print_edge_config(read.config, false) == text);
  CHECK(read.config.node_labels == config.node_labels);
  CHECK(text.find("kind: EdgeCore") != std::string::npos);
  CHECK(text.find("modules:") == text.rfind("modules:"));  // each group is opened once

  const std::string minimal = print_edge_config({}, true);
  CHECK(minimal.find("server: \"\"") != std::string::npos);
  CHECK(minimal.find("maxPods") == std::string::npos);
}

TEST_CASE("CloudConfig: keys, limits and printing", "[config]") {
  Result<CloudConfigRead> read = parse_cloud_config(R"(
apiVersion: cloudcore.config.kubeedge.io/v1alpha2
kind: CloudCore
kubeAPIConfig: {kubeConfig: /root/.kube/config, qps: 100}
modules:
  cloudHub:
    advertiseAddress: [10.1.2.3]
    dnsNames: [""]
    edgeCertSigningDuration: 365
    nodeLimit: 1000
    websocket: {enable: true, port: 0, address: 127.0.0.1}
  cloudStream: {enable: true, tunnelPort: 10004}
)",
                                                    "cloudcore.yaml");
  REQUIRE(read);
  CHECK(read->config.kubeconfig == "/root/.kube/config");
  CHECK(read->config.advertise_addresses == std::vector<std::string>{"10.1.2.3"});
  CHECK(read->config.dns_names.empty());
  CHECK(read->config.hub_port == 0);
  CHECK(read->config.certificate_days == 30);
  REQUIRE(read->warnings.size() == 1);
  CHECK(read->warnings[0] ==
        "cloudcore.yaml:9: modules.cloudHub.edgeCertSigningDuration: \"365\" is over the limit; 30 "
        "is used");

  const std::string text = print_cloud_config({}, false);
  Result<CloudConfigRead> again = parse_cloud_config(text, "printed");
  REQUIRE(again);
  CHECK(again->warnings.empty());
  CHECK(print_cloud_config(again->config, false) == text);

  Result<CloudConfigRead> half =
      parse_cloud_config("modules: {cloudHub: {tlsCAFile: /a}}", "cloudcore.yaml");
  REQUIRE_FALSE(half);
  CHECK(half.error().what.find("belong together") != std::string::npos);
}

TEST_CASE("EdgeConfig: a missing file says what to do", "[config]") {
  Result<EdgeConfigRead> read = load_edge_config("/nonexistent/edgecore.yaml");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::kNotFound);
  CHECK(read.error().what.find("--minconfig") != std::string::npos);
}

TEST_CASE("EdgeConfig: node names", "[config]") {
  for (const char* good : {"a", "gateway-7", "a.b", "7"}) CHECK(is_node_name(good));
  for (const char* bad : {"", "-a", "a-", "a..b", "a.-b", "a-.b", "A", "a_b", "a b", "a/b"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_node_name(bad));
  }
  CHECK_FALSE(is_node_name(std::string(254, 'a')));
  CHECK(default_node_name("Gateway-7") == "gateway-7");
  CHECK(default_node_name("my_host") == "default-edge-node");
}

TEST_CASE("CloudConfig: a certificate's life in days, or finer", "[config]") {
  CHECK(node_certificate_life({}) == std::chrono::hours(24 * 30));
  const auto life = [](const std::string& text) {
    return parse_cloud_config("skerry: {nodeCertificateDuration: " + text + "}", "c.yaml");
  };
  CHECK(node_certificate_life(life("90s")->config) == std::chrono::seconds(90));
  CHECK(node_certificate_life(life("0s")->config) == std::chrono::hours(24 * 30));
  CHECK(node_certificate_life(life("9000h")->config) == std::chrono::hours(24 * 30));
  CHECK(life("1s").error().what.find("at least 10s") != std::string::npos);
}
