// What this edged refuses: fields that would change a pod's meaning if they were ignored, and names
// that no API server lets through.
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "common/k8s/json_fields.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {
namespace {

using namespace k8s::fields;

constexpr std::array kVolumeSources = {"configMap", "secret",    "emptyDir",
                                       "hostPath",  "projected", "downwardAPI"};
constexpr std::array kProjectedSources = {"configMap", "secret", "downwardAPI",
                                          "serviceAccountToken"};

constexpr std::size_t kNameBytesMax = 253;  // a DNS subdomain

/// Names become directories: none may lead out of the one it stands in.
bool is_directory_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<void> admit_names(const k8s::Object& object, const PodSpec& pod) {
  if (pod.uid != object.uid || pod.ns != object.key.ns || pod.name != object.key.name) {
    return fail(Code::kMalformed, "pod that is another one than its key says");
  }
  std::vector<std::string_view> names = {pod.uid.str(), pod.ns, pod.name};
  for (const auto* containers : {&pod.init_containers, &pod.containers}) {
    for (const ContainerSpec& container : *containers) names.push_back(container.name);
  }
  for (const VolumeSpec& volume : pod.volumes) names.push_back(volume.name);
  if (std::all_of(names.begin(), names.end(), is_directory_name)) return {};
  return fail(Code::kMalformed,
              "pod with a uid or name that is none: letters, digits, '-', '.' and '_' only");
}

tl::unexpected<Error> unsupported(const std::string& field) {
  return fail(Code::kUnsupported, field + " is not supported by this edge node");
}

bool present(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return !value.is_null() && !(value.is_structured() && value.empty());
}

template <std::size_t N>
bool is_one_of(const std::string& word, const std::array<const char*, N>& words) {
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return word == w; });
}

Result<void> admit_volume(const Json& volume) {
  const std::string where = "volume " + text(volume, "name") + ": ";
  for (const auto& [key, source] : volume.items()) {
    if (key == "name" || source.is_null()) continue;
    if (!is_one_of(key, kVolumeSources)) return unsupported(where + key);
  }
  if (text(at(volume, "emptyDir"), "medium").starts_with("HugePages")) {
    return unsupported(where + "emptyDir.medium HugePages");
  }
  const Json& sources = at(at(volume, "projected"), "sources");
  if (!sources.is_array()) return {};
  for (const Json& source : sources) {
    for (const auto& [key, value] : source.items()) {
      if (!value.is_null() && !is_one_of(key, kProjectedSources)) {
        return unsupported(where + "projected " + key);
      }
    }
  }
  return {};
}

Result<void> admit_mounts(const Json& container, const std::string& where) {
  if (present(container, "volumeDevices")) return unsupported(where + "volumeDevices");
  const Json& mounts = at(container, "volumeMounts");
  if (!mounts.is_array()) return {};
  for (const Json& mount : mounts) {
    if (text(mount, "recursiveReadOnly") == "Enabled") {
      return unsupported(where + "volumeMounts recursiveReadOnly Enabled");
    }
  }
  return {};
}

Result<void> admit_container(const Json& container, bool init) {
  const std::string where = "container " + text(container, "name") + ": ";
  for (const char* probe : {"readinessProbe", "livenessProbe", "startupProbe"}) {
    if (present(at(container, probe), "grpc")) return unsupported(where + probe + " grpc");
  }
  for (const char* hook : {"postStart", "preStop"}) {
    const Json& handler = at(at(container, "lifecycle"), hook);
    for (const char* kind : {"httpGet", "tcpSocket"}) {
      if (present(handler, kind)) return unsupported(where + "lifecycle " + hook + " " + kind);
    }
  }
  if (present(at(container, "lifecycle"), "stopSignal")) {
    return unsupported(where + "lifecycle stopSignal");
  }
  if (present(at(container, "resources"), "claims")) return unsupported(where + "resources claims");
  if (!init && present(container, "restartPolicy")) return unsupported(where + "restartPolicy");
  if (present(container, "restartPolicyRules")) return unsupported(where + "restartPolicyRules");
  if (text(at(at(container, "securityContext"), "appArmorProfile"), "type") == "Localhost") {
    return unsupported(where + "appArmorProfile Localhost");
  }
  const Json& env = at(container, "env");
  if (env.is_array()) {
    for (const Json& variable : env) {
      if (present(at(variable, "valueFrom"), "fileKeyRef")) {
        return unsupported(where + "env valueFrom fileKeyRef");
      }
    }
  }
  return admit_mounts(container, where);
}

Result<void> admit_spec(const Json& spec) {
  for (const char* key :
       {"ephemeralContainers", "resourceClaims", "resources", "runtimeClassName"}) {
    if (present(spec, key)) return unsupported(std::string("spec.") + key);
  }
  if (!flag(spec, "hostUsers", true)) return unsupported("spec.hostUsers false");
  if (text(at(spec, "os"), "name") == "windows") return unsupported("spec.os windows");
  if (text(at(spec, "securityContext"), "supplementalGroupsPolicy") == "Strict") {
    return unsupported("spec.securityContext.supplementalGroupsPolicy Strict");
  }
  if (text(at(at(spec, "securityContext"), "appArmorProfile"), "type") == "Localhost") {
    return unsupported("spec.securityContext.appArmorProfile Localhost");
  }
  return {};
}

}  // namespace

Result<void> admit(const k8s::Object& object) {
  const Result<PodPtr> pod = parse_pod(object);
  if (!pod) return fail(pod.error());
  if (Result<void> checked = admit_names(object, **pod); !checked) return checked;
  const Json json = Json::parse(*object.json, nullptr, false);
  const Json& spec = at(json, "spec");
  if (Result<void> checked = admit_spec(spec); !checked) return checked;
  for (const bool init : {true, false}) {
    const Json& list = at(spec, init ? "initContainers" : "containers");
    if (!list.is_array()) continue;
    for (const Json& container : list) {
      if (Result<void> checked = admit_container(container, init); !checked) return checked;
    }
  }
  const Json& volumes = at(spec, "volumes");
  if (!volumes.is_array()) return {};
  for (const Json& volume : volumes) {
    if (Result<void> checked = admit_volume(volume); !checked) return checked;
  }
  return {};
}

}  // namespace skerry::edged
