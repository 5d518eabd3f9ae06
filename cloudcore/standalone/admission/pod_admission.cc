#include "cloudcore/standalone/admission/pod_admission.h"

#include <algorithm>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr const char* kVolumePrefix = "kube-api-access-";
constexpr std::string_view kNameLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr int kNameLettersCount = 5;
// Beyond an hour by seven seconds, so that this volume is told from one that a user made.
constexpr int kTokenSeconds = 3607;

bool wants_token(const json& pod, const json& account) {
  const json& own = fields::at(fields::object(pod, "spec"), "automountServiceAccountToken");
  if (own.is_boolean()) return own.get<bool>();
  return fields::flag(account, "automountServiceAccountToken", true);
}

json token_volume(const std::string& name) {
  json sources = json::array();
  sources.push_back(
      {{"serviceAccountToken", {{"expirationSeconds", kTokenSeconds}, {"path", "token"}}}});
  json ca = {{"key", "ca.crt"}, {"path", "ca.crt"}};
  sources.push_back(
      {{"configMap", {{"name", "kube-root-ca.crt"}, {"items", json::array({std::move(ca)})}}}});
  json ns = {{"path", "namespace"},
             {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}};
  sources.push_back({{"downwardAPI", {{"items", json::array({std::move(ns)})}}}});
  return {{"name", name}, {"projected", {{"defaultMode", 420}, {"sources", std::move(sources)}}}};
}

/// A Pod that was read from a cluster and is created again has its volume already.
std::string volume_name(const json& spec, seam::Random& random) {
  for (const json& volume : fields::list(spec, "volumes")) {
    const std::string name = fields::text(volume, "name");
    if (name.starts_with(kVolumePrefix) && volume.contains("projected")) return name;
  }
  std::string name = kVolumePrefix;
  for (int i = 0; i < kNameLettersCount; ++i) {
    name += kNameLetters[random.below(kNameLetters.size())];
  }
  return name;
}

bool has_mount(const json& container) {
  const json& mounts = fields::list(container, "volumeMounts");
  return std::any_of(mounts.begin(), mounts.end(), [](const json& mount) {
    return fields::text(mount, "mountPath") == kTokenPath;
  });
}

void mount_token(json& spec, seam::Random& random) {
  const std::string name = volume_name(spec, random);
  bool used = false;
  for (const char* key : {"initContainers", "containers"}) {
    if (!fields::at(spec, key).is_array()) continue;
    for (json& container : spec[key]) {
      if (!container.is_object() || has_mount(container)) continue;
      container["volumeMounts"].push_back(
          {{"name", name}, {"readOnly", true}, {"mountPath", kTokenPath}});
      used = true;
    }
  }
  const json& volumes = fields::list(spec, "volumes");
  const bool there = std::any_of(volumes.begin(), volumes.end(), [&](const json& volume) {
    return fields::text(volume, "name") == name;
  });
  if (used && !there) spec["volumes"].push_back(token_volume(name));
}

bool tolerates(const json& toleration, const std::string& key) {
  const std::string of = fields::text(toleration, "key");
  const std::string effect = fields::text(toleration, "effect");
  return (of == key || of.empty()) && (effect == "NoExecute" || effect.empty());
}

}  // namespace

std::string account_of(const json& pod) {
  const std::string named = fields::text(fields::object(pod, "spec"), "serviceAccountName");
  return named.empty() ? "default" : named;
}

void give_account(json& pod, const json& account, seam::Random& random) {
  const std::string name = account_of(pod);
  json& spec = pod["spec"];
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;  // its old name, which clients still read
  if (wants_token(pod, account)) mount_token(spec, random);
  const json& secrets = fields::list(account, "imagePullSecrets");
  if (fields::list(spec, "imagePullSecrets").empty() && !secrets.empty()) {
    spec["imagePullSecrets"] = secrets;
  }
}

Refusal give_priority(json& pod, const json& chosen) {
  const std::int64_t priority = fields::number(chosen, "value").value_or(0);
  const std::string policy = fields::text(chosen, "preemptionPolicy", "PreemptLowerPriority");
  json& spec = pod["spec"];
  const auto asked = fields::number(spec, "priority");
  if (asked && *asked != priority) {
    return "the integer value of priority (" + std::to_string(*asked) +
           ") must not be provided in pod spec; priority admission controller computed " +
           std::to_string(priority) + " from the given PriorityClass name";
  }
  const std::string asked_policy = fields::text(spec, "preemptionPolicy");
  if (!asked_policy.empty() && asked_policy != policy) {
    return "the string value of PreemptionPolicy (" + asked_policy +
           ") must not be provided in pod spec; priority admission controller computed " + policy +
           " from the given PriorityClass name";
  }
  spec["priority"] = priority;
  spec["preemptionPolicy"] = policy;
  if (!chosen.is_null()) {
    spec["priorityClassName"] = fields::text(fields::object(chosen, "metadata"), "name");
  }
  return std::nullopt;
}

void give_tolerations(json& pod, std::int64_t seconds) {
  json& spec = pod["spec"];
  for (const std::string key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    const json& there = fields::list(spec, "tolerations");
    const bool own = std::any_of(there.begin(), there.end(),
                                 [&](const json& each) { return tolerates(each, key); });
    if (own) continue;
    spec["tolerations"].push_back({{"key", key},
                                   {"operator", "Exists"},
                                   {"effect", "NoExecute"},
                                   {"tolerationSeconds", seconds}});
  }
}

}  // namespace skerry::standalone
