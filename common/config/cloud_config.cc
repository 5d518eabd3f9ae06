#include "common/config/cloud_config.h"

#include "common/config/config_file.h"
#include "common/config/key_table.h"
#include "common/config/kubeedge_keys.h"

namespace skerry::config {
namespace {

constexpr std::chrono::seconds kCertificateLifeMin{10};  // a renewal has to fit in

std::vector<Key> keys_of(CloudConfig& c) {
  return {
      {.path = "kubeAPIConfig.kubeConfig",
       .target = &c.kubeconfig,
       .doc = "How to reach the Kubernetes API; empty: as the pod's service account.",
       .minimal = true},
      {.path = "kubeAPIConfig.master",
       .target = &c.kube_master,
       .doc = "Takes the place of the kubeconfig's server.",
       .minimal = true},
      {.path = "commonConfig.monitorServer.bindAddress",
       .target = &c.metrics_address,
       .doc = "/metrics, /healthz, /readyz; empty: not served."},
      {.path = "modules.cloudHub.advertiseAddress",
       .target = &c.advertise_addresses,
       .doc = "Addresses by which edges reach this cloudcore.",
       .minimal = true},
      {.path = "modules.cloudHub.dnsNames",
       .target = &c.dns_names,
       .doc = "Names by which edges reach this cloudcore.",
       .minimal = true},
      {.path = "modules.cloudHub.nodeLimit",
       .target = &c.nodes_max,
       .doc = "Connections at a time.",
       .min = 1,
       .max = 1'000'000},
      {.path = "modules.cloudHub.edgeCertSigningDuration",
       .target = &c.certificate_days,
       .doc = "Days a node's certificate is valid; renewed at 70-90 % of them.",
       .min = 1,
       .max = 30,
       .clamp = true},
      {.path = "modules.cloudHub.tlsCAFile",
       .target = &c.ca_file,
       .doc = "The CA that signs nodes' certificates; empty: made once. Kept in Secret skerry-ca; another "
              "file later is rolled out as `cloudcore ca rotate` does it."},
      {.path = "modules.cloudHub.tlsCAKeyFile",
       .target = &c.ca_key_file,
       .doc = "Its private key."},
      {.path = "modules.cloudHub.websocket.address",
       .target = &c.hub_address,
       .doc = "Where edges are listened for."},
      {.path = "modules.cloudHub.websocket.port",
       .target = &c.hub_port,
       .doc = "The one port of edges: joining, objects, reports. 0: any free one.",
       .min = 0,
       .max = 65535,
       .minimal = true},
      {.path = "skerry.dataDir", .target = &c.data_dir, .doc = "All state of this cloudcore."},
      {.path = "skerry.standalone.enable",
       .target = &c.standalone,
       .doc = "Serve a Kubernetes API of its own instead of using a cluster's (--standalone)."},
      {.path = "skerry.standalone.address",
       .target = &c.standalone_address,
       .doc = "Where that API is listened for."},
      {.path = "skerry.standalone.port",
       .target = &c.standalone_port,
       .doc = "Its port. 0: any free one.",
       .min = 0,
       .max = 65535},
      {.path = "skerry.clusterWideRefs",
       .target = &c.cluster_wide_refs,
       .doc = "One watch of all ConfigMaps and Secrets instead of one per namespace in use."},
      {.path = "skerry.hubShards",
       .target = &c.hub_shards,
       .doc = "Threads for edges' sessions; 0: one per core.",
       .min = 0,
       .max = 256},
      {.path = "skerry.handshakesPerSecond",
       .target = &c.handshakes_per_second,
       .doc = "New connections of edges per second; more wait in the listen queue.",
       .min = 1,
       .max = 1'000'000},
      {.path = "skerry.caPatienceDays",
       .target = &c.ca_patience_days,
       .doc = "Days after which a new CA is used although some nodes could not be told of it.",
       .min = 1,
       .max = 3650},
      {.path = "skerry.nodeCertificateDuration",
       .target = &c.node_certificate_duration,
       .doc = "Finer than edgeCertSigningDuration, and instead of it: 10s to 720h; 0s: not used.",
       .max = 30 * 24 * 3'600'000LL,
       .clamp = true},
      {.path = "skerry.defaultTolerationSeconds",
       .target = &c.default_toleration_seconds,
       .doc = "The API server's --default-not-ready-toleration-seconds, where it is not 300.",
       .min = 0,
       .max = 1'000'000},
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

KeyTable table_of(CloudConfig& config) {
  return {.api_version = "cloudcore.config.kubeedge.io/v1alpha2",
          .kind = "CloudCore",
          .keys = keys_of(config),
          .ignored = ignored_cloud_keys()};
}

Result<void> check(const CloudConfig& config, std::string_view source) {
  if (config.ca_file.empty() != config.ca_key_file.empty()) {
    return fail(Code::kMalformed, std::string(source) +
                                      ": modules.cloudHub.tlsCAFile and tlsCAKeyFile belong "
                                      "together: set both, or none to keep the CA in a Secret");
  }
  const auto duration = config.node_certificate_duration;
  if (duration > std::chrono::milliseconds(0) && duration < kCertificateLifeMin) {
    return fail(Code::kMalformed,
                std::string(source) + ": skerry.nodeCertificateDuration: at least 10s, or 0s");
  }
  return {};
}

}  // namespace

Result<CloudConfigRead> parse_cloud_config(std::string_view yaml,
                                           std::string_view source,
                                           CloudConfig base) {
  CloudConfigRead read{std::move(base), {}};
  Result<std::vector<std::string>> warnings = apply_text(yaml, table_of(read.config), source);
  if (!warnings) return fail(warnings.error());
  if (Result<void> checked = check(read.config, source); !checked) return fail(checked.error());
  read.warnings = std::move(*warnings);
  return read;
}

Result<CloudConfigRead> load_cloud_config(const std::string& path, CloudConfig base) {
  Result<std::string> text = read_config_file(path);
  if (!text) return fail(text.error());
  return parse_cloud_config(*text, path, std::move(base));
}

std::chrono::seconds node_certificate_life(const CloudConfig& config) {
  const auto fine = std::chrono::ceil<std::chrono::seconds>(config.node_certificate_duration);
  return fine > std::chrono::seconds(0) ? fine : std::chrono::hours(24 * config.certificate_days);
}

std::string print_cloud_config(CloudConfig config, bool minimal_only) {
  return print(table_of(config), minimal_only);
}

}  // namespace skerry::config
