#include "cloudcore/standalone/controllers/stateful_pods.h"

#include <charconv>
#include <set>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kPodName = "statefulset.kubernetes.io/pod-name";
constexpr const char* kPodIndex = "apps.kubernetes.io/pod-index";

const json& spec_of(const json& set) { return fields::object(set, "spec"); }

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

/// The claims' volumes first, then those of the template that no claim replaces.
json volumes_of(const json& set, const json& pod_spec, std::int64_t ordinal) {
  json out = json::array();
  std::set<std::string> claimed;
  for (const json& each : fields::list(spec_of(set), "volumeClaimTemplates")) {
    const std::string volume = name_of(each);
    claimed.insert(volume);
    out.push_back({{"name", volume},
                   {"persistentVolumeClaim", {{"claimName", claim_name(set, each, ordinal)}}}});
  }
  for (const json& each : fields::list(pod_spec, "volumes")) {
    if (!claimed.contains(fields::text(each, "name"))) out.push_back(each);
  }
  return out;
}

bool owned_by(const json& owners, const json& owner) {
  const std::string uid = fields::text(fields::object(owner, "metadata"), "uid");
  for (const json& each : owners) {
    if (fields::text(each, "uid") == uid) return true;
  }
  return false;
}

}  // namespace

std::optional<std::int64_t> ordinal_of(const std::string& set, const std::string& pod) {
  if (!pod.starts_with(set + "-")) return std::nullopt;
  const std::string text = pod.substr(set.size() + 1);
  std::int32_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!whole || out < 0 || std::to_string(out) != text) return std::nullopt;
  return out;
}

std::int64_t first_ordinal(const json& set) {
  return fields::number(fields::object(spec_of(set), "ordinals"), "start").value_or(0);
}

bool is_in_range(const json& set, std::int64_t ordinal) {
  const std::int64_t first = first_ordinal(set);
  return ordinal >= first && ordinal < first + fields::number(spec_of(set), "replicas").value_or(1);
}

json stateful_pod(const json& set,
                  const json& pod_template,
                  const std::string& revision,
                  std::int64_t ordinal) {
  json out = pod_from_template(set, pod_template);
  const std::string name = name_of(set) + "-" + std::to_string(ordinal);
  json& metadata = out["metadata"];
  metadata.erase("generateName");
  metadata["name"] = name;
  json& labels = metadata["labels"];
  labels[kPodName] = name;
  labels[kPodIndex] = std::to_string(ordinal);
  labels[kStatefulRevisionLabel] = revision;
  json& spec = out["spec"];
  spec["hostname"] = name;
  const std::string service = fields::text(spec_of(set), "serviceName");
  if (!service.empty()) spec["subdomain"] = service;
  json volumes = volumes_of(set, spec, ordinal);
  if (!volumes.empty()) spec["volumes"] = std::move(volumes);
  return out;
}

std::string claim_name(const json& set, const json& claim_template, std::int64_t ordinal) {
  return name_of(claim_template) + "-" + name_of(set) + "-" + std::to_string(ordinal);
}

std::vector<json> stateful_claims(const json& set, std::int64_t ordinal) {
  std::vector<json> out;
  for (const json& each : fields::list(spec_of(set), "volumeClaimTemplates")) {
    json claim = {{"apiVersion", "v1"},
                  {"kind", "PersistentVolumeClaim"},
                  {"metadata", fields::object(each, "metadata")},
                  {"spec", fields::object(each, "spec")}};
    json& metadata = claim["metadata"];
    metadata["name"] = claim_name(set, each, ordinal);
    metadata["namespace"] = fields::text(fields::object(set, "metadata"), "namespace");
    const json& selector = fields::object(spec_of(set), "selector");
    const json& chosen = fields::object(selector, "matchLabels");
    for (const auto& [key, value] : chosen.items()) metadata["labels"][key] = value;
    out.push_back(std::move(claim));
  }
  return out;
}

std::optional<json> claim_owners(const json& set, const json& pod, const json& claim) {
  const json& policy = fields::object(spec_of(set), "persistentVolumeClaimRetentionPolicy");
  const bool with_set = fields::text(policy, "whenDeleted") == "Delete";
  const bool when_scaled = fields::text(policy, "whenScaled") == "Delete";
  const auto ordinal = ordinal_of(name_of(set), name_of(pod));
  const bool condemned = ordinal && !is_in_range(set, *ordinal);
  const bool by_pod = when_scaled && condemned;
  const bool by_set = with_set && !by_pod;
  const json& owners = fields::list(fields::object(claim, "metadata"), "ownerReferences");
  if (owned_by(owners, set) == by_set && owned_by(owners, pod) == by_pod) return std::nullopt;
  json kept = json::array();
  for (const json& each : owners) {
    const std::string uid = fields::text(each, "uid");
    const bool of_set = uid == fields::text(fields::object(set, "metadata"), "uid");
    const bool of_pod = uid == fields::text(fields::object(pod, "metadata"), "uid");
    if (!of_set && !of_pod) kept.push_back(each);
  }
  if (by_set) kept.push_back(controller_reference(set));
  if (by_pod) kept.push_back(controller_reference(pod));
  return kept;
}

}  // namespace skerry::standalone
