#include "cloudcore/standalone/scheduler/volume_fit.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/volume_claims.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kNoProvisioner = "kubernetes.io/no-provisioner";

std::string named(const std::string& claim) { return "persistentvolumeclaim \"" + claim + "\""; }

/// Why the claim keeps its Pod everywhere; empty: it does not.
std::string read_claim(const json& claim, const VolumeObjects& objects, PodVolumes& out) {
  const json& metadata = fields::object(claim, "metadata");
  const json& spec = fields::object(claim, "spec");
  const std::string name = fields::text(metadata, "name");
  if (metadata.contains("deletionTimestamp")) return named(name) + " is being deleted";
  const std::string phase = fields::text(fields::object(claim, "status"), "phase");
  if (phase == "Lost") {
    return named(name) + " bound to non-existent persistentvolume \"" +
           fields::text(spec, "volumeName") + "\"";
  }
  if (is_bound(claim)) {
    auto volume = objects.volume(fields::text(spec, "volumeName"));
    if (!volume) {
      return "persistentvolume \"" + fields::text(spec, "volumeName") + "\" not found";
    }
    out.bound.push_back(std::move(*volume));
    return {};
  }
  const auto wanted = objects.storage_class(fields::text(spec, "storageClassName"));
  const bool waits = wanted && fields::text(*wanted, "volumeBindingMode") == "WaitForFirstConsumer";
  if (!waits || !fields::text(spec, "volumeName").empty()) {
    return "pod has unbound immediate PersistentVolumeClaims";
  }
  PodVolumes::Waiting waiting;
  waiting.claim = claim;
  waiting.provisioned = fields::text(*wanted, "provisioner") != kNoProvisioner;
  for (json& each : objects.volumes()) {
    if (can_bind(each, claim)) waiting.candidates.push_back(std::move(each));
  }
  out.waiting.push_back(std::move(waiting));
  return {};
}

}  // namespace

PodVolumes read_volumes(const PodInfo& pod, const VolumeObjects& objects) {
  PodVolumes out;
  for (const std::string& name : pod.constraints->claims) {
    const auto claim = objects.claim(pod.ns, name);
    out.nowhere = claim ? read_claim(*claim, objects, out) : named(name) + " not found";
    if (!out.nowhere.empty()) return out;
  }
  return out;
}

bool reaches(const json& volume, const NodeInfo& node) {
  const json& affinity = fields::object(fields::object(volume, "spec"), "nodeAffinity");
  const json& required = fields::at(affinity, "required");
  if (!required.is_object()) return true;
  const json& terms = fields::list(required, "nodeSelectorTerms");
  return std::any_of(terms.begin(), terms.end(), [&](const json& term) {
    return read_node_term(term).matches(node.labels, node.name);
  });
}

std::optional<Misfit> misfit(const PodVolumes& volumes, const NodeInfo& node) {
  for (const json& each : volumes.bound) {
    if (!reaches(each, node)) {
      return Misfit{
          FitRule::kVolumes, {"node(s) didn't match PersistentVolume's node affinity"}, false};
    }
  }
  for (const PodVolumes::Waiting& each : volumes.waiting) {
    const bool found = std::any_of(each.candidates.begin(), each.candidates.end(),
                                   [&](const json& volume) { return reaches(volume, node); });
    if (!found && !each.provisioned) {
      return Misfit{
          FitRule::kVolumes, {"node(s) didn't find available persistent volumes to bind"}, false};
    }
  }
  return std::nullopt;
}

}  // namespace skerry::standalone
