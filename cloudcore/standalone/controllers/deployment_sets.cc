#include "cloudcore/standalone/controllers/deployment_sets.h"

#include <algorithm>
#include <charconv>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kHashLabel = "pod-template-hash";
constexpr const char* kHistory = "deployment.kubernetes.io/revision-history";
constexpr const char* kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr const char* kMaximum = "deployment.kubernetes.io/max-replicas";
// What a set does not take over from its Deployment.
constexpr std::string_view kOwnAnnotations[] = {"kubectl.kubernetes.io/last-applied-configuration",
                                                "deployment.kubernetes.io/revision",
                                                "deployment.kubernetes.io/revision-history",
                                                "deployment.kubernetes.io/desired-replicas",
                                                "deployment.kubernetes.io/max-replicas",
                                                "deprecated.deployment.rollback.to"};

const json& annotations_of(const json& object) {
  return fields::object(fields::object(object, "metadata"), "annotations");
}

std::int64_t number_of(const json& set, const char* annotation) {
  const std::string text = fields::text(annotations_of(set), annotation);
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// The Deployment's annotations over those of the set.
json inherited(const json& deployment, json annotations) {
  const json& from = annotations_of(deployment);
  for (const auto& [key, value] : from.items()) {
    const bool own = std::find(std::begin(kOwnAnnotations), std::end(kOwnAnnotations), key) !=
                     std::end(kOwnAnnotations);
    if (!own) annotations[key] = value;
  }
  return annotations;
}

SetCount count_of(const json& set) {
  const json& status = fields::object(set, "status");
  SetCount out;
  out.name = fields::text(fields::object(set, "metadata"), "name");
  out.wanted = fields::number(fields::object(set, "spec"), "replicas").value_or(1);
  out.replicas = fields::number(status, "replicas").value_or(0);
  out.ready = fields::number(status, "readyReplicas").value_or(0);
  out.available = fields::number(status, "availableReplicas").value_or(0);
  out.sized_for = number_of(set, kMaximum);
  return out;
}

bool is_unused(const json& set) {
  const SetCount count = count_of(set);
  const auto generation = [](const json& of, const char* field) {
    return fields::number(of, field).value_or(0);
  };
  return count.wanted == 0 && count.replicas == 0 && !is_terminating(set) &&
         generation(fields::object(set, "metadata"), "generation") <=
             generation(fields::object(set, "status"), "observedGeneration");
}

}  // namespace

bool same_template(const json& a, const json& b) {
  const auto without_hash = [](json pod_template) {
    json& labels = pod_template["metadata"]["labels"];
    if (labels.is_object()) labels.erase(kHashLabel);
    if (labels.is_null()) labels = json::object();
    return pod_template;
  };
  return without_hash(a) == without_hash(b);
}

std::string template_hash(const json& pod_template, std::int64_t collisions) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::uint32_t hash = 2166136261u;  // FNV-1a
  const std::string text = pod_template.dump() + "/" + std::to_string(collisions);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  std::string out = std::to_string(hash);
  for (char& c : out) c = kLetters[static_cast<unsigned char>(c) % kLetters.size()];
  return out;
}

std::vector<SetCount> DeploymentSets::old_counts() const {
  std::vector<SetCount> out;
  for (const json& old : olds) out.push_back(count_of(old));
  return out;
}

std::optional<SetCount> DeploymentSets::current_count() const {
  if (!current) return std::nullopt;
  return count_of(*current);
}

DeploymentSets sort_sets(std::vector<json> sets, const json& pod_template) {
  const auto place = [](const json& set) {
    const json& metadata = fields::object(set, "metadata");
    return std::pair(fields::time(metadata, "creationTimestamp"), fields::text(metadata, "name"));
  };
  std::stable_sort(sets.begin(), sets.end(),
                   [&](const json& a, const json& b) { return place(a) < place(b); });
  DeploymentSets out;
  for (json& set : sets) {
    const json& own = fields::object(fields::object(set, "spec"), "template");
    if (!out.current && same_template(own, pod_template)) {
      out.current = std::move(set);
    } else {
      out.olds.push_back(std::move(set));
    }
  }
  return out;
}

std::int64_t revision_of_set(const json& set) { return number_of(set, kRevisionAnnotation); }

std::int64_t next_revision(const DeploymentSets& sets) {
  std::int64_t newest = 0;
  for (const json& old : sets.olds) newest = std::max(newest, revision_of_set(old));
  return newest + 1;
}

json new_replica_set(const json& deployment, std::int64_t revision) {
  const json& metadata = fields::object(deployment, "metadata");
  const json& spec = fields::object(deployment, "spec");
  json pod_template = fields::object(spec, "template");
  const json& status = fields::object(deployment, "status");
  const std::string hash =
      template_hash(pod_template, fields::number(status, "collisionCount").value_or(0));
  pod_template["metadata"]["labels"][kHashLabel] = hash;
  json selector = fields::object(spec, "selector");
  selector["matchLabels"][kHashLabel] = hash;
  json annotations = inherited(deployment, json::object());
  annotations[kRevisionAnnotation] = std::to_string(revision);
  json out = {{"apiVersion", "apps/v1"},
              {"kind", "ReplicaSet"},
              {"metadata",
               {{"name", fields::text(metadata, "name") + "-" + hash},
                {"namespace", fields::text(metadata, "namespace")},
                {"labels", pod_template["metadata"]["labels"]},
                {"annotations", std::move(annotations)},
                {"ownerReferences", json::array({controller_reference(deployment)})}}},
              {"spec", {{"replicas", 0}, {"selector", selector}, {"template", pod_template}}}};
  if (const auto min_ready = fields::number(spec, "minReadySeconds")) {
    out["spec"]["minReadySeconds"] = *min_ready;
  }
  return out;
}

json current_set_patch(const json& deployment, const json& set, std::int64_t revision) {
  json annotations = inherited(deployment, annotations_of(set));
  const std::int64_t before = revision_of_set(set);
  if (before < revision) {  // an earlier template came back
    annotations[kRevisionAnnotation] = std::to_string(revision);
    if (before > 0) {
      const std::string history = fields::text(annotations, kHistory);
      annotations[kHistory] = (history.empty() ? "" : history + ",") + std::to_string(before);
    }
  }
  json out = json::object();
  if (annotations != annotations_of(set)) out["metadata"]["annotations"] = std::move(annotations);
  const json& wanted = fields::at(fields::object(deployment, "spec"), "minReadySeconds");
  const json& has = fields::at(fields::object(set, "spec"), "minReadySeconds");
  if (wanted != has) out["spec"]["minReadySeconds"] = wanted;
  return out.empty() ? json(nullptr) : out;
}

void set_size(json& set, std::int64_t replicas, const RolloutLimits& limits) {
  set["spec"]["replicas"] = replicas;
  json& annotations = set["metadata"]["annotations"];
  annotations[kDesired] = std::to_string(limits.replicas);
  annotations[kMaximum] = std::to_string(limits.replicas + limits.max_surge);
}

json resize_patch(const json& set, std::int64_t replicas, const RolloutLimits& limits) {
  json change = json::object();
  set_size(change, replicas, limits);
  const json& has = annotations_of(set);
  const json& notes = change["metadata"]["annotations"];
  const bool noted =
      fields::at(has, kDesired) == notes[kDesired] && fields::at(has, kMaximum) == notes[kMaximum];
  if (noted && count_of(set).wanted == replicas) return nullptr;
  change["metadata"]["uid"] = fields::text(fields::object(set, "metadata"), "uid");
  return change;
}

bool is_scaled(const DeploymentSets& sets, std::int64_t replicas) {
  const auto differs = [&](const json& set) {
    return count_of(set).wanted > 0 && annotations_of(set).contains(kDesired) &&
           number_of(set, kDesired) != replicas;
  };
  return (sets.current && differs(*sets.current)) ||
         std::any_of(sets.olds.begin(), sets.olds.end(), differs);
}

std::vector<json> sets_to_forget(const DeploymentSets& sets, std::int64_t kept) {
  std::vector<json> olds;
  for (const json& old : sets.olds) {
    if (!is_terminating(old)) olds.push_back(old);
  }
  const std::int64_t beyond =
      static_cast<std::int64_t>(olds.size()) - std::max<std::int64_t>(0, kept);
  if (beyond <= 0) return {};
  std::stable_sort(olds.begin(), olds.end(), [](const json& a, const json& b) {
    return revision_of_set(a) < revision_of_set(b);
  });
  olds.resize(static_cast<std::size_t>(beyond));
  std::erase_if(olds, [](const json& old) { return !is_unused(old); });
  return olds;
}

}  // namespace skerry::standalone
