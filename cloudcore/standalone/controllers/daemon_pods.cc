#include "cloudcore/standalone/controllers/daemon_pods.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/node_match.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kGenerationLabel = "pod-template-generation";
constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";

struct Trouble {
  const char* key;
  const char* effect;
  bool host_network_only;
};
// What a daemon lives through. Source: AddOrUpdateDaemonPodTolerations.
constexpr Trouble kTroubles[] = {
    {"node.kubernetes.io/not-ready", "NoExecute", false},
    {"node.kubernetes.io/unreachable", "NoExecute", false},
    {"node.kubernetes.io/disk-pressure", "NoSchedule", false},
    {"node.kubernetes.io/memory-pressure", "NoSchedule", false},
    {"node.kubernetes.io/pid-pressure", "NoSchedule", false},
    {"node.kubernetes.io/unschedulable", "NoSchedule", false},
    {"node.kubernetes.io/network-unavailable", "NoSchedule", true},
};

/// The template's tolerations and those above; an own one of the same key and effect gives way.
json daemon_tolerations(const json& spec) {
  json out = fields::list(spec, "tolerations");
  for (const Trouble& trouble : kTroubles) {
    if (trouble.host_network_only && !fields::flag(spec, "hostNetwork")) continue;
    json wanted = {{"key", trouble.key}, {"operator", "Exists"}, {"effect", trouble.effect}};
    const auto same = std::find_if(out.begin(), out.end(), [&](const json& each) {
      return fields::text(each, "key") == trouble.key &&
             fields::text(each, "effect") == trouble.effect && !each.contains("value") &&
             fields::text(each, "operator") == "Exists";
    });
    if (same != out.end()) {
      *same = std::move(wanted);
    } else {
      out.push_back(std::move(wanted));
    }
  }
  return out;
}

}  // namespace

json daemon_pod(const json& set, const std::string& node, const std::string& hash) {
  json out = pod_from_template(set, fields::object(fields::object(set, "spec"), "template"));
  json& labels = out["metadata"]["labels"];
  labels[kDaemonHashLabel] = hash;
  const std::string generation = template_generation(set);
  if (!generation.empty()) labels[kGenerationLabel] = generation;
  json& spec = out["spec"];
  spec["tolerations"] = daemon_tolerations(spec);
  const json by_name = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}};
  const json term = {{"matchFields", json::array({by_name})}};
  spec["affinity"]["nodeAffinity"][kRequired] = {{"nodeSelectorTerms", json::array({term})}};
  return out;
}

DaemonPlace daemon_place(const json& set, const json& node) {
  const json& pod_template = fields::object(fields::object(set, "spec"), "template");
  const json& spec = fields::object(pod_template, "spec");
  const std::string name = fields::text(fields::object(node, "metadata"), "name");
  const std::string only = fields::text(spec, "nodeName");
  if (!only.empty() && only != name) return {};
  if (!node_selected(node, spec)) return {};
  const json tolerations = daemon_tolerations(spec);
  DaemonPlace out{true, true};
  for (const json& taint : fields::list(fields::object(node, "spec"), "taints")) {
    const std::string effect = fields::text(taint, "effect");
    const bool keeps_off = effect == "NoSchedule" || effect == "NoExecute";
    if (!keeps_off || tolerated(tolerations, taint)) continue;
    out.should_run = false;
    if (effect == "NoExecute") out.should_continue = false;
  }
  return out;
}

std::string daemon_node_of(const json& pod) {
  const json& spec = fields::object(pod, "spec");
  const std::string placed = fields::text(spec, "nodeName");
  if (!placed.empty()) return placed;
  const json& affinity = fields::object(fields::object(spec, "affinity"), "nodeAffinity");
  const json& terms = fields::list(fields::object(affinity, kRequired), "nodeSelectorTerms");
  for (const json& term : terms) {
    for (const json& each : fields::list(term, "matchFields")) {
      const auto values = fields::texts(each, "values");
      if (fields::text(each, "key") == "metadata.name" && values.size() == 1) return values[0];
    }
  }
  return {};
}

std::string template_generation(const json& set) {
  return fields::text(fields::object(fields::object(set, "metadata"), "annotations"),
                      "deprecated.daemonset.template.generation");
}

bool is_updated(const json& pod, const json& set, const std::string& hash) {
  const json& labels = fields::object(fields::object(pod, "metadata"), "labels");
  const std::string generation = template_generation(set);
  return fields::text(labels, kDaemonHashLabel) == hash ||
         (!generation.empty() && fields::text(labels, kGenerationLabel) == generation);
}

}  // namespace skerry::standalone
