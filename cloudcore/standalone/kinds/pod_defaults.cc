// Defaults of a Pod's spec.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr auto kAbsent = DefaultRow::When::kAbsent;
constexpr const char* kContainerLists[] = {"containers", "initContainers", "ephemeralContainers"};

const DefaultTable& spec_table() {
  static const DefaultTable kTable = {
      {"restartPolicy", R"("Always")"},
      {"dnsPolicy", R"("ClusterFirst")"},
      {"schedulerName", R"("default-scheduler")"},
      {"securityContext", "{}", kAbsent},
      {"terminationGracePeriodSeconds", "30", kAbsent},
      {"volumes[].secret.defaultMode", "420", kAbsent},
      {"volumes[].configMap.defaultMode", "420", kAbsent},
      {"volumes[].downwardAPI.defaultMode", "420", kAbsent},
      {"volumes[].downwardAPI.items[].fieldRef.apiVersion", R"("v1")"},
      {"volumes[].projected.defaultMode", "420", kAbsent},
      {"volumes[].projected.sources[].serviceAccountToken.expirationSeconds", "3600", kAbsent},
      {"volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion", R"("v1")"},
      {"volumes[].hostPath.type", R"("")", kAbsent},
      {"volumes[].iscsi.iscsiInterface", R"("default")"},
      {"volumes[].rbd.pool", R"("rbd")"},
      {"volumes[].rbd.user", R"("admin")"},
      {"volumes[].rbd.keyring", R"("/etc/ceph/keyring")"},
      {"volumes[].azureDisk.cachingMode", R"("ReadWrite")", kAbsent},
      {"volumes[].azureDisk.kind", R"("Shared")", kAbsent},
      {"volumes[].azureDisk.fsType", R"("ext4")", kAbsent},
      {"volumes[].azureDisk.readOnly", "false", kAbsent},
      {"volumes[].scaleIO.storageMode", R"("ThinProvisioned")"},
      {"volumes[].scaleIO.fsType", R"("xfs")"},
      {"volumes[].ephemeral.volumeClaimTemplate.metadata", "{}", kAbsent},
      {"volumes[].ephemeral.volumeClaimTemplate.spec.volumeMode", R"("Filesystem")", kAbsent},
  };
  return kTable;
}

const DefaultTable& container_table() {
  static const DefaultTable kTable = {
      {"terminationMessagePath", R"("/dev/termination-log")"},
      {"terminationMessagePolicy", R"("File")"},
      {"resources", "{}", kAbsent},
      {"ports[].protocol", R"("TCP")"},
      {"env[].valueFrom.fieldRef.apiVersion", R"("v1")"},
      {"env[].valueFrom.resourceFieldRef.divisor", R"("0")", kAbsent},
      {"env[].valueFrom.fileKeyRef.optional", "false", kAbsent},
      {"lifecycle.postStart.httpGet.path", R"("/")"},
      {"lifecycle.postStart.httpGet.scheme", R"("HTTP")"},
      {"lifecycle.preStop.httpGet.path", R"("/")"},
      {"lifecycle.preStop.httpGet.scheme", R"("HTTP")"},
  };
  return kTable;
}

const DefaultTable& probe_table() {
  static const DefaultTable kTable = {
      {"timeoutSeconds", "1"},
      {"periodSeconds", "10"},
      {"successThreshold", "1"},
      {"failureThreshold", "3"},
      {"httpGet.path", R"("/")"},
      {"httpGet.scheme", R"("HTTP")"},
      {"grpc.service", R"("")", kAbsent},
  };
  return kTable;
}

/// An image without tag and digest means the tag "latest".
bool is_latest(const std::string& image) {
  if (image.empty() || image.find('@') != std::string::npos) return false;
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
  return colon == std::string::npos || image.substr(colon + 1) == "latest";
}

void default_container(json& container) {
  container_table().apply(container);
  if (fields::text(container, "imagePullPolicy").empty()) {
    container["imagePullPolicy"] =
        is_latest(fields::text(container, "image")) ? "Always" : "IfNotPresent";
  }
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    if (const auto found = container.find(probe); found != container.end()) {
      probe_table().apply(*found);
    }
  }
}

/// A volume that names no source is an emptyDir.
void default_volume(json& volume) {
  if (!volume.is_object()) return;
  for (const auto& [key, source] : volume.items()) {
    if (key != "name" && !source.is_null()) return;
  }
  volume["emptyDir"] = json::object();
}

json* list_of(json& spec, const char* key) {
  const auto found = spec.find(key);
  return found != spec.end() && found->is_array() ? &*found : nullptr;
}

void default_requests(json& container) {
  const json& limits = fields::object(fields::object(container, "resources"), "limits");
  for (const auto& [name, quantity] : limits.items()) {
    json& requests = container["resources"]["requests"];
    if (!requests.contains(name)) requests[name] = quantity;
  }
}

/// A pod in the host's network has its containers' ports there.
void default_host_ports(json& container) {
  json* ports = list_of(container, "ports");
  if (ports == nullptr) return;
  for (json& port : *ports) {
    if (fields::number(port, "hostPort").value_or(0) == 0) port["hostPort"] = port["containerPort"];
  }
}

/// serviceAccount is serviceAccountName's old name: both are written.
void default_account(json& spec) {
  std::string name = fields::text(spec, "serviceAccountName");
  if (name.empty()) name = fields::text(spec, "serviceAccount");
  if (name.empty()) return;
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
}

}  // namespace

void default_pod_spec(json& spec) {
  if (!spec.is_object()) return;
  default_account(spec);
  if (json* volumes = list_of(spec, "volumes")) {
    for (json& volume : *volumes) default_volume(volume);
  }
  spec_table().apply(spec);
  for (const char* key : kContainerLists) {
    if (json* containers = list_of(spec, key)) {
      for (json& container : *containers) {
        if (container.is_object()) default_container(container);
      }
    }
  }
}

void default_pod_template(json& pod_template) {
  if (!pod_template.is_object()) return;
  default_pod_spec(pod_template.emplace("spec", json::object()).first.value());
}

void default_pod(json& pod) {
  default_pod_template(pod);
  json& spec = pod["spec"];
  if (!spec.is_object()) return;
  if (!spec.contains("enableServiceLinks")) spec["enableServiceLinks"] = true;
  // Less than no time is the least there is.
  if (fields::number(spec, "terminationGracePeriodSeconds").value_or(0) < 0) {
    spec["terminationGracePeriodSeconds"] = 1;
  }
  const bool host_network = fields::flag(spec, "hostNetwork");
  for (const char* key : {"containers", "initContainers"}) {
    json* containers = list_of(spec, key);
    if (containers == nullptr) continue;
    for (json& container : *containers) {
      if (!container.is_object()) continue;
      default_requests(container);
      if (host_network) default_host_ports(container);
    }
  }
}

}  // namespace skerry::standalone
