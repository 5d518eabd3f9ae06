#include "cloudcore/standalone/scheduler/pod_info.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr const char* kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

/// One that cannot be read chooses nothing: the API has validated what is stored.
k8s::LabelSelector read_selector(const json& selector) {
  auto read = k8s::LabelSelector::from_object(selector);
  return read ? std::move(*read) : *k8s::LabelSelector::from_object(nullptr);
}

/// The selector with the values that the Pod itself has for `keys`.
json with_own_values(json selector, const json& term, const char* keys, const LabelMap& labels) {
  const char* op = std::string_view(keys) == "mismatchLabelKeys" ? "NotIn" : "In";
  for (const std::string& key : fields::texts(term, keys)) {
    const auto own = labels.find(key);
    if (own == labels.end()) continue;
    if (!selector.is_object()) selector = json::object();
    selector["matchExpressions"].push_back(
        {{"key", key}, {"operator", op}, {"values", json::array({own->second})}});
  }
  return selector;
}

PodTerm read_pod_term(const json& term, const PodInfo& pod) {
  PodTerm out;
  json selector =
      with_own_values(fields::at(term, "labelSelector"), term, "matchLabelKeys", pod.labels);
  selector = with_own_values(std::move(selector), term, "mismatchLabelKeys", pod.labels);
  out.selector = read_selector(selector);
  for (std::string& each : fields::texts(term, "namespaces"))
    out.namespaces.insert(std::move(each));
  if (const json& chosen = fields::at(term, "namespaceSelector"); chosen.is_object()) {
    out.namespace_selector = read_selector(chosen);
  } else if (out.namespaces.empty()) {
    out.namespaces.insert(pod.ns);
  }
  out.topology_key = fields::text(term, "topologyKey");
  return out;
}

std::vector<PodTerm> required_terms(const json& affinity, const PodInfo& pod) {
  std::vector<PodTerm> out;
  for (const json& each : fields::list(affinity, kRequired)) {
    out.push_back(read_pod_term(each, pod));
  }
  return out;
}

std::vector<PodTerm> preferred_terms(const json& affinity, const PodInfo& pod) {
  std::vector<PodTerm> out;
  for (const json& each : fields::list(affinity, kPreferred)) {
    out.push_back(read_pod_term(fields::object(each, "podAffinityTerm"), pod));
    out.back().weight = fields::number(each, "weight").value_or(0);
  }
  return out;
}

/// The names that all terms together allow; nothing: some term allows any.
std::optional<std::set<std::string>> names_of(const json& terms) {
  std::set<std::string> out;
  for (const json& term : terms) {
    std::optional<std::set<std::string>> here;
    for (const json& each : fields::list(term, "matchFields")) {
      if (fields::text(each, "key") != "metadata.name") continue;
      if (fields::text(each, "operator") != "In") continue;
      std::set<std::string> named;
      for (std::string& name : fields::texts(each, "values")) named.insert(std::move(name));
      if (!here) {
        here = std::move(named);
        continue;
      }
      std::erase_if(*here, [&](const std::string& name) { return !named.contains(name); });
    }
    if (!here) return std::nullopt;
    out.merge(*here);
  }
  if (terms.empty()) return std::nullopt;
  return out;
}

void read_node_affinity(const json& affinity, PodConstraints& out) {
  const json& required = fields::at(affinity, kRequired);
  out.has_required_nodes = required.is_object();
  const json& terms = fields::list(required, "nodeSelectorTerms");
  for (const json& each : terms) out.required_nodes.push_back(read_node_term(each));
  out.named_nodes = names_of(terms);
  for (const json& each : fields::list(affinity, kPreferred)) {
    out.preferred_nodes.push_back(read_node_term(fields::object(each, "preference")));
    out.preferred_nodes.back().weight = fields::number(each, "weight").value_or(0);
  }
}

std::vector<SpreadConstraint> read_spread(const json& spec, const PodInfo& pod) {
  std::vector<SpreadConstraint> out;
  for (const json& each : fields::list(spec, "topologySpreadConstraints")) {
    SpreadConstraint one;
    one.max_skew = fields::number(each, "maxSkew").value_or(1);
    one.min_domains = fields::number(each, "minDomains").value_or(1);
    one.topology_key = fields::text(each, "topologyKey");
    one.required = fields::text(each, "whenUnsatisfiable") != "ScheduleAnyway";
    one.selector = read_selector(
        with_own_values(fields::at(each, "labelSelector"), each, "matchLabelKeys", pod.labels));
    one.honor_affinity = fields::text(each, "nodeAffinityPolicy") != "Ignore";
    one.honor_taints = fields::text(each, "nodeTaintsPolicy") == "Honor";
    out.push_back(std::move(one));
  }
  return out;
}

void read_host_ports(const json& containers, std::vector<HostPort>& out) {
  for (const json& container : containers) {
    for (const json& port : fields::list(container, "ports")) {
      const auto number = fields::number(port, "hostPort").value_or(0);
      if (number == 0) continue;
      std::string ip = fields::text(port, "hostIP");
      if (ip == "0.0.0.0") ip.clear();
      out.push_back({std::move(ip), fields::text(port, "protocol", "TCP"), number});
    }
  }
}

std::vector<std::string> read_claims(const json& spec, const PodInfo& pod) {
  std::vector<std::string> out;
  for (const json& volume : fields::list(spec, "volumes")) {
    if (volume.contains("ephemeral")) out.push_back(pod.name + "-" + fields::text(volume, "name"));
    const json& claim = fields::object(volume, "persistentVolumeClaim");
    if (!claim.empty()) out.push_back(fields::text(claim, "claimName"));
  }
  return out;
}

std::shared_ptr<const PodConstraints> read_constraints(const json& spec, const PodInfo& pod) {
  static const auto kNone = std::make_shared<const PodConstraints>();
  PodConstraints out;
  out.node_selector = fields::text_map(spec, "nodeSelector");
  const json& affinity = fields::object(spec, "affinity");
  read_node_affinity(fields::object(affinity, "nodeAffinity"), out);
  const json& together = fields::object(affinity, "podAffinity");
  out.required_pods = required_terms(together, pod);
  out.preferred_pods = preferred_terms(together, pod);
  const json& apart = fields::object(affinity, "podAntiAffinity");
  out.required_apart = required_terms(apart, pod);
  out.preferred_apart = preferred_terms(apart, pod);
  out.spread = read_spread(spec, pod);
  read_host_ports(fields::list(spec, "containers"), out.host_ports);
  read_host_ports(fields::list(spec, "initContainers"), out.host_ports);
  out.claims = read_claims(spec, pod);
  const bool nothing = out.node_selector.empty() && !out.has_required_nodes &&
                       out.preferred_nodes.empty() && !out.has_pod_terms() && out.spread.empty() &&
                       out.host_ports.empty() && out.claims.empty();
  return nothing ? kNone : std::make_shared<const PodConstraints>(std::move(out));
}

}  // namespace

bool HostPort::conflicts_with(const HostPort& other) const {
  if (port != other.port || protocol != other.protocol) return false;
  return ip.empty() || other.ip.empty() || ip == other.ip;
}

bool NodeTerm::matches(const LabelMap& node_labels, const std::string& node_name) const {
  if (empty || !labels.matches(node_labels)) return false;
  return by_field.everything() || by_field.matches({{"metadata.name", node_name}});
}

NodeTerm read_node_term(const json& term) {
  NodeTerm out;
  const json& expressions = fields::list(term, "matchExpressions");
  const json& by_field = fields::list(term, "matchFields");
  out.empty = expressions.empty() && by_field.empty();
  out.labels = read_selector({{"matchExpressions", expressions}});
  out.by_field = read_selector({{"matchExpressions", by_field}});
  return out;
}

PodInfoPtr read_pod(const json& pod) {
  auto out = std::make_shared<PodInfo>();
  const json& metadata = fields::object(pod, "metadata");
  const json& spec = fields::object(pod, "spec");
  const json& status = fields::object(pod, "status");
  out->ns = fields::text(metadata, "namespace");
  out->name = fields::text(metadata, "name");
  out->uid = fields::text(metadata, "uid");
  out->node = fields::text(spec, "nodeName");
  out->nominated = fields::text(status, "nominatedNodeName");
  for (const json& owner : fields::list(metadata, "ownerReferences")) {
    if (fields::flag(owner, "controller")) out->controller = fields::text(owner, "uid");
  }
  out->labels = fields::text_map(metadata, "labels");
  out->tolerations = tolerations_of(pod);
  out->requests = requested(pod);
  out->score_requests = requested_for_score(pod);
  out->priority = fields::number(spec, "priority").value_or(0);
  out->may_preempt = fields::text(spec, "preemptionPolicy") != "Never";
  out->gated = !fields::list(spec, "schedulingGates").empty();
  out->leaving = metadata.contains("deletionTimestamp");
  out->started = status.contains("startTime") ? fields::time(status, "startTime")
                                              : fields::time(metadata, "creationTimestamp");
  if (out->node.empty()) {
    out->wishes = std::hash<json>()(spec) ^ std::hash<json>()(fields::object(metadata, "labels"));
  }
  out->constraints = read_constraints(spec, *out);
  return out;
}

bool selects_node(const PodConstraints& constraints,
                  const LabelMap& node_labels,
                  const std::string& node_name) {
  for (const auto& [key, value] : constraints.node_selector) {
    const auto found = node_labels.find(key);
    if (found == node_labels.end() || found->second != value) return false;
  }
  if (!constraints.has_required_nodes) return true;
  return std::any_of(constraints.required_nodes.begin(), constraints.required_nodes.end(),
                     [&](const NodeTerm& term) { return term.matches(node_labels, node_name); });
}

bool term_matches(const PodTerm& term, const PodInfo& pod, const LabelMap* namespace_labels) {
  bool in_namespace = term.namespaces.contains(pod.ns);
  if (!in_namespace && term.namespace_selector) {
    const bool all = term.namespace_selector->everything();
    in_namespace =
        all || (namespace_labels != nullptr && term.namespace_selector->matches(*namespace_labels));
  }
  return in_namespace && term.selector.matches(pod.labels);
}

}  // namespace skerry::standalone
