#include "edgecore/edged/pod_spec.h"

#include <algorithm>
#include <set>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"
#include "edgecore/edged/container_spec.h"

namespace skerry::edged {
namespace {

using namespace k8s::fields;

constexpr std::size_t kHostnameBytesMax = 63;

// ---- volumes ---------------------------------------------------------------------------------

std::optional<int> parse_mode(const Json& json, const char* key) {
  const auto mode = number(json, key);
  if (!mode) return std::nullopt;
  return static_cast<int>(*mode);
}

std::vector<KeyToPath> parse_items(const Json& json) {
  std::vector<KeyToPath> out;
  const Json& list = at(json, "items");
  if (!list.is_array()) return out;
  for (const Json& item : list) {
    out.push_back({text(item, "key"), text(item, "path"), parse_mode(item, "mode")});
  }
  return out;
}

ConfigMapVolume parse_config_map(const Json& json) {
  return {text(json, "name"), parse_items(json), flag(json, "optional")};
}

SecretVolume parse_secret(const Json& json, const char* name_key) {
  return {text(json, name_key), parse_items(json), flag(json, "optional")};
}

DownwardVolume parse_downward(const Json& json) {
  DownwardVolume out;
  const Json& list = at(json, "items");
  if (!list.is_array()) return out;
  for (const Json& item : list) {
    DownwardItem entry{text(item, "path"), parse_mode(item, "mode"),
                       parse_field_ref(at(item, "fieldRef"))};
    if (const Json& ref = at(item, "resourceFieldRef"); ref.is_object()) {
      entry.from = parse_resource_ref(ref);
    }
    out.items.push_back(std::move(entry));
  }
  return out;
}

TokenVolume parse_token(const Json& json) {
  return {text(json, "audience"), seconds(json, "expirationSeconds", 3600),
          text(json, "path", "token")};
}

ProjectedVolume parse_projected(const Json& json) {
  ProjectedVolume out;
  const Json& list = at(json, "sources");
  if (!list.is_array()) return out;
  for (const Json& source : list) {
    if (const Json& map = at(source, "configMap"); map.is_object()) {
      out.sources.emplace_back(parse_config_map(map));
    }
    if (const Json& secret = at(source, "secret"); secret.is_object()) {
      out.sources.emplace_back(parse_secret(secret, "name"));
    }
    if (const Json& downward = at(source, "downwardAPI"); downward.is_object()) {
      out.sources.emplace_back(parse_downward(downward));
    }
    if (const Json& token = at(source, "serviceAccountToken"); token.is_object()) {
      out.sources.emplace_back(parse_token(token));
    }
  }
  return out;
}

VolumeSpec parse_volume(const Json& json) {
  VolumeSpec out;
  out.name = text(json, "name");
  const auto with_mode = [&out](const Json& source) {
    out.default_mode = small_number(source, "defaultMode", 0644);
  };
  if (const Json& dir = at(json, "emptyDir"); dir.is_object()) {
    out.source =
        EmptyDirVolume{text(dir, "medium") == "Memory", text_or_number(at(dir, "sizeLimit"))};
  } else if (const Json& host = at(json, "hostPath"); host.is_object()) {
    out.source = HostPathVolume{text(host, "path"), text(host, "type")};
  } else if (const Json& map = at(json, "configMap"); map.is_object()) {
    out.source = parse_config_map(map);
    with_mode(map);
  } else if (const Json& secret = at(json, "secret"); secret.is_object()) {
    out.source = parse_secret(secret, "secretName");
    with_mode(secret);
  } else if (const Json& downward = at(json, "downwardAPI"); downward.is_object()) {
    out.source = parse_downward(downward);
    with_mode(downward);
  } else if (const Json& projected = at(json, "projected"); projected.is_object()) {
    out.source = parse_projected(projected);
    with_mode(projected);
  }
  return out;
}

// ---- the pod ---------------------------------------------------------------------------------

std::optional<WallTime> parse_time_field(const Json& json, const char* key) {
  return k8s::parse_time(text(json, key));
}

void parse_metadata(const Json& metadata, PodSpec& pod) {
  pod.ns = text(metadata, "namespace", "default");
  pod.name = text(metadata, "name");
  pod.uid = Uid(text(metadata, "uid"));
  pod.labels = text_map(metadata, "labels");
  pod.annotations = text_map(metadata, "annotations");
  pod.creation = parse_time_field(metadata, "creationTimestamp");
  pod.deletion = parse_time_field(metadata, "deletionTimestamp");
  if (const auto grace = number(metadata, "deletionGracePeriodSeconds")) {
    pod.deletion_grace = Seconds(*grace);
  }
  const auto source = pod.annotations.find("kubernetes.io/config.source");
  if (source != pod.annotations.end()) pod.config_source = source->second;
}

RestartPolicy parse_restart_policy(const Json& spec) {
  const std::string word = text(spec, "restartPolicy");
  if (word == "OnFailure") return RestartPolicy::kOnFailure;
  return word == "Never" ? RestartPolicy::kNever : RestartPolicy::kAlways;
}

DnsPolicy parse_dns_policy(const Json& spec) {
  const std::string word = text(spec, "dnsPolicy");
  if (word == "Default") return DnsPolicy::kDefault;
  if (word == "None") return DnsPolicy::kNone;
  return word == "ClusterFirstWithHostNet" ? DnsPolicy::kClusterFirstWithHostNet
                                           : DnsPolicy::kClusterFirst;
}

DnsConfig parse_dns_config(const Json& json) {
  DnsConfig out{texts(json, "nameservers"), texts(json, "searches"), {}};
  const Json& options = at(json, "options");
  if (!options.is_array()) return out;
  for (const Json& option : options) {
    const std::string value = text(option, "value");
    out.options.push_back(text(option, "name") + (value.empty() ? "" : ":" + value));
  }
  return out;
}

std::vector<std::string> names_of(const Json& spec, const char* list_key, const char* name_key) {
  std::vector<std::string> out;
  const Json& list = at(spec, list_key);
  if (!list.is_array()) return out;
  for (const Json& item : list) {
    if (std::string name = text(item, name_key); !name.empty()) out.push_back(std::move(name));
  }
  return out;
}

void parse_pod_security(const Json& json, PodSpec& pod) {
  pod.security = parse_security(json, {});
  pod.fs_group = number(json, "fsGroup");
  pod.fs_group_on_root_mismatch = text(json, "fsGroupChangePolicy") == "OnRootMismatch";
  if (const Json& groups = at(json, "supplementalGroups"); groups.is_array()) {
    for (const Json& group : groups) {
      if (group.is_number_integer()) pod.supplemental_groups.push_back(group.get<std::int64_t>());
    }
  }
  if (const Json& sysctls = at(json, "sysctls"); sysctls.is_array()) {
    for (const Json& sysctl : sysctls) pod.sysctls[text(sysctl, "name")] = text(sysctl, "value");
  }
}

void parse_network(const Json& spec, PodSpec& pod) {
  pod.host_network = flag(spec, "hostNetwork");
  pod.host_pid = flag(spec, "hostPID");
  pod.host_ipc = flag(spec, "hostIPC");
  pod.share_process_namespace = flag(spec, "shareProcessNamespace");
  pod.hostname = text(spec, "hostname", pod.name.c_str()).substr(0, kHostnameBytesMax);
  while (pod.hostname.ends_with('-') || pod.hostname.ends_with('.')) pod.hostname.pop_back();
  pod.subdomain = text(spec, "subdomain");
  pod.hostname_as_fqdn = flag(spec, "setHostnameAsFQDN");
  pod.dns_policy = parse_dns_policy(spec);
  pod.dns_config = parse_dns_config(at(spec, "dnsConfig"));
  if (const Json& aliases = at(spec, "hostAliases"); aliases.is_array()) {
    for (const Json& alias : aliases) {
      pod.host_aliases.push_back({text(alias, "ip"), texts(alias, "hostnames")});
    }
  }
}

void parse_containers(const Json& spec, PodSpec& pod) {
  for (const bool init : {true, false}) {
    const Json& list = at(spec, init ? "initContainers" : "containers");
    if (!list.is_array()) continue;
    auto& out = init ? pod.init_containers : pod.containers;
    for (const Json& item : list) out.push_back(parse_container(item, pod.security, init));
  }
}

void parse_spec(const Json& spec, PodSpec& pod) {
  pod.node_name = text(spec, "nodeName");
  pod.restart_policy = parse_restart_policy(spec);
  pod.termination_grace = seconds(spec, "terminationGracePeriodSeconds", 30);
  if (const auto limit = number(spec, "activeDeadlineSeconds"))
    pod.active_deadline = Seconds(*limit);
  pod.service_account = text(spec, "serviceAccountName", "default");
  pod.automount_token = flag(spec, "automountServiceAccountToken", true);
  pod.enable_service_links = flag(spec, "enableServiceLinks", true);
  pod.image_pull_secrets = names_of(spec, "imagePullSecrets", "name");
  pod.readiness_gates = names_of(spec, "readinessGates", "conditionType");
  pod.overhead = text_map(spec, "overhead");
  pod.priority_class = text(spec, "priorityClassName");
  pod.priority = number(spec, "priority").value_or(0);
  pod.runtime_class = text(spec, "runtimeClassName");
  parse_pod_security(at(spec, "securityContext"), pod);
  parse_network(spec, pod);
  parse_containers(spec, pod);
  if (const Json& volumes = at(spec, "volumes"); volumes.is_array()) {
    for (const Json& volume : volumes) pod.volumes.push_back(parse_volume(volume));
  }
}

/// Conditions named in readinessGates are content (design.md section 3).
void parse_gate_conditions(const Json& status, PodSpec& pod) {
  const Json& conditions = at(status, "conditions");
  if (!conditions.is_array()) return;
  for (const Json& condition : conditions) {
    const std::string type = text(condition, "type");
    const auto& gates = pod.readiness_gates;
    if (std::find(gates.begin(), gates.end(), type) == gates.end()) continue;
    pod.gate_conditions[type] = text(condition, "status");
  }
}

template <class Visit>
void for_each_container(const PodSpec& pod, Visit visit) {
  for (const ContainerSpec& container : pod.init_containers) visit(container);
  for (const ContainerSpec& container : pod.containers) visit(container);
}

template <class Spec>
const Spec* find_named(const std::vector<Spec>& list, std::string_view wanted) {
  const auto found =
      std::find_if(list.begin(), list.end(), [wanted](const Spec& s) { return s.name == wanted; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const ContainerSpec* PodSpec::container(std::string_view wanted) const {
  const ContainerSpec* found = find_named(containers, wanted);
  return found != nullptr ? found : find_named(init_containers, wanted);
}

const VolumeSpec* PodSpec::volume(std::string_view wanted) const {
  return find_named(volumes, wanted);
}

Result<PodPtr> parse_pod(std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) return fail(Code::kMalformed, "pod is not a JSON object");
  auto pod = std::make_shared<PodSpec>();
  parse_metadata(at(json, "metadata"), *pod);
  parse_spec(at(json, "spec"), *pod);
  parse_gate_conditions(at(json, "status"), *pod);
  if (pod->name.empty() || pod->uid.empty())
    return fail(Code::kMalformed, "pod without name or uid");
  if (pod->containers.empty()) return fail(Code::kMalformed, "pod without containers");
  std::set<std::string> names;
  bool sound = true;
  for_each_container(*pod, [&](const ContainerSpec& container) {
    sound = sound && !container.name.empty() && names.insert(container.name).second;
  });
  if (!sound) return fail(Code::kMalformed, "pod with a nameless container or one name twice");
  return PodPtr(std::move(pod));
}

Result<PodPtr> parse_pod(const k8s::Object& object) { return parse_pod(*object.json); }

std::vector<k8s::ObjectKey> referenced_objects(const PodSpec& pod) {
  std::set<k8s::ObjectKey> keys;
  const auto add = [&](k8s::Kind kind, const std::string& name) {
    if (!name.empty()) keys.insert({kind, pod.ns, name});
  };
  for_each_container(pod, [&](const ContainerSpec& container) {
    for (const EnvFrom& from : container.env_from) {
      add(from.source == EnvFrom::Source::kSecret ? k8s::Kind::kSecret : k8s::Kind::kConfigMap,
          from.name);
    }
    for (const EnvVar& env : container.env) {
      if (const auto* ref = std::get_if<ConfigMapKeyRef>(&env.from)) {
        add(k8s::Kind::kConfigMap, ref->name);
      }
      if (const auto* ref = std::get_if<SecretKeyRef>(&env.from))
        add(k8s::Kind::kSecret, ref->name);
    }
  });
  for (const VolumeSpec& volume : pod.volumes) {
    if (const auto* map = std::get_if<ConfigMapVolume>(&volume.source)) {
      add(k8s::Kind::kConfigMap, map->name);
    }
    if (const auto* secret = std::get_if<SecretVolume>(&volume.source)) {
      add(k8s::Kind::kSecret, secret->name);
    }
    const auto* projected = std::get_if<ProjectedVolume>(&volume.source);
    if (projected == nullptr) continue;
    for (const ProjectedSource& source : projected->sources) {
      if (const auto* map = std::get_if<ConfigMapVolume>(&source)) {
        add(k8s::Kind::kConfigMap, map->name);
      }
      if (const auto* secret = std::get_if<SecretVolume>(&source)) {
        add(k8s::Kind::kSecret, secret->name);
      }
    }
  }
  for (const std::string& secret : pod.image_pull_secrets) add(k8s::Kind::kSecret, secret);
  return {keys.begin(), keys.end()};
}

std::vector<TokenNeed> token_needs(const PodSpec& pod) {
  std::vector<TokenNeed> needs;
  for (const VolumeSpec& volume : pod.volumes) {
    const auto* projected = std::get_if<ProjectedVolume>(&volume.source);
    if (projected == nullptr) continue;
    for (const ProjectedSource& source : projected->sources) {
      const auto* token = std::get_if<TokenVolume>(&source);
      if (token == nullptr) continue;
      needs.push_back({volume.name, token->path, token->audience, token->expiration});
    }
  }
  return needs;
}

}  // namespace skerry::edged
