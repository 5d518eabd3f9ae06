#include "cloudcore/standalone/scheduler/node_fit.h"

#include <algorithm>
#include <map>

#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

std::int64_t quantity(const json& resources, const char* name, bool milli) {
  const auto read = k8s::parse_quantity(fields::text_or_number(fields::at(resources, name)));
  if (!read) return 0;
  return milli ? read->milli_value() : read->value();
}

PodResources of(const json& resources) {
  return {quantity(resources, "cpu", true), quantity(resources, "memory", false),
          quantity(resources, "pods", false)};
}

bool tolerates(const json& toleration, const json& taint) {
  const std::string effect = fields::text(toleration, "effect");
  if (!effect.empty() && effect != fields::text(taint, "effect")) return false;
  const std::string key = fields::text(toleration, "key");
  const bool exists = fields::text(toleration, "operator") == "Exists";
  if (key.empty()) return exists;
  if (key != fields::text(taint, "key")) return false;
  return exists || fields::text(toleration, "value") == fields::text(taint, "value");
}

/// The first taint that keeps the pod away; null: none.
json untolerated_taint(const json& node, const json& pod) {
  const json& tolerations = fields::list(fields::object(pod, "spec"), "tolerations");
  for (const json& taint : fields::list(fields::object(node, "spec"), "taints")) {
    const std::string effect = fields::text(taint, "effect");
    if (effect != "NoSchedule" && effect != "NoExecute") continue;
    const bool fine = std::any_of(tolerations.begin(), tolerations.end(),
                                  [&](const json& each) { return tolerates(each, taint); });
    if (!fine) return taint;
  }
  return nullptr;
}

k8s::LabelSelector::Labels labels_of(const json& node) {
  k8s::LabelSelector::Labels out;
  const json& labels = fields::object(fields::object(node, "metadata"), "labels");
  for (const auto& [key, value] : labels.items()) out[key] = fields::text_or_number(value);
  return out;
}

bool term_matches(const json& term, const json& node) {
  const json& expressions = fields::list(term, "matchExpressions");
  const json& by_field = fields::list(term, "matchFields");
  if (expressions.empty() && by_field.empty()) return false;
  const auto labels = k8s::LabelSelector::from_object({{"matchExpressions", expressions}});
  if (!labels || !labels->matches(labels_of(node))) return false;
  const auto named = k8s::LabelSelector::from_object({{"matchExpressions", by_field}});
  const std::string name = fields::text(fields::object(node, "metadata"), "name");
  return named && named->matches({{"metadata.name", name}});
}

bool selected(const json& node, const json& pod) {
  const json& spec = fields::object(pod, "spec");
  const auto simple =
      k8s::LabelSelector::from_object({{"matchLabels", fields::object(spec, "nodeSelector")}});
  if (!simple || !simple->matches(labels_of(node))) return false;
  const json& affinity = fields::object(fields::object(spec, "affinity"), "nodeAffinity");
  const json& required = fields::object(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
  const json& terms = fields::list(required, "nodeSelectorTerms");
  if (terms.empty()) return true;
  return std::any_of(terms.begin(), terms.end(),
                     [&](const json& term) { return term_matches(term, node); });
}

std::set<std::string> host_ports_of(const json& pod) {
  std::set<std::string> out;
  for (const json& container : fields::list(fields::object(pod, "spec"), "containers")) {
    for (const json& port : fields::list(container, "ports")) {
      const auto number = fields::number(port, "hostPort").value_or(0);
      if (number == 0) continue;
      out.insert(fields::text(port, "protocol", "TCP") + "/" + std::to_string(number));
    }
  }
  return out;
}

PodResources allocatable(const json& node) {
  const json& status = fields::object(node, "status");
  const json& own = fields::object(status, "allocatable");
  return of(own.empty() ? fields::object(status, "capacity") : own);
}

}  // namespace

void PodResources::add(const PodResources& other) {
  milli_cpu += other.milli_cpu;
  memory_bytes += other.memory_bytes;
  pods += other.pods;
}

PodResources requested(const json& pod) {
  PodResources sum;
  for (const json& container : fields::list(fields::object(pod, "spec"), "containers")) {
    sum.add(of(fields::object(fields::object(container, "resources"), "requests")));
  }
  for (const json& container : fields::list(fields::object(pod, "spec"), "initContainers")) {
    const PodResources one = of(fields::object(fields::object(container, "resources"), "requests"));
    sum.milli_cpu = std::max(sum.milli_cpu, one.milli_cpu);
    sum.memory_bytes = std::max(sum.memory_bytes, one.memory_bytes);
  }
  sum.pods = 1;
  return sum;
}

NodeState empty_node(json node) { return {std::move(node), {}, {}}; }

void place(NodeState& node, const json& pod) {
  node.used.add(requested(pod));
  node.host_ports.merge(host_ports_of(pod));
}

std::vector<std::string> misfits(const NodeState& node, const json& pod) {
  std::vector<std::string> out;
  if (fields::flag(fields::object(node.node, "spec"), "unschedulable")) {
    return {"node(s) were unschedulable"};
  }
  if (const json taint = untolerated_taint(node.node, pod); !taint.is_null()) {
    return {"node(s) had untolerated taint {" + fields::text(taint, "key") + ": " +
            fields::text(taint, "value") + "}"};
  }
  if (!selected(node.node, pod)) return {"node(s) didn't match Pod's node affinity/selector"};
  for (const std::string& port : host_ports_of(pod)) {
    if (node.host_ports.contains(port)) {
      return {"node(s) didn't have free ports for the requested pod ports"};
    }
  }
  const PodResources has = allocatable(node.node);
  PodResources after = node.used;
  after.add(requested(pod));
  if (after.pods > has.pods) out.push_back("Too many pods");
  const PodResources own = requested(pod);
  if (own.milli_cpu > 0 && after.milli_cpu > has.milli_cpu) out.push_back("Insufficient cpu");
  if (own.memory_bytes > 0 && after.memory_bytes > has.memory_bytes) {
    out.push_back("Insufficient memory");
  }
  return out;
}

int score(const NodeState& node, const json& pod) {
  const PodResources has = allocatable(node.node);
  PodResources after = node.used;
  after.add(requested(pod));
  const auto free = [](std::int64_t used, std::int64_t all) {
    return all <= 0 || used >= all ? 0 : static_cast<int>((all - used) * 100 / all);
  };
  return (free(after.milli_cpu, has.milli_cpu) + free(after.memory_bytes, has.memory_bytes) +
          free(after.pods, has.pods)) /
         3;
}

std::string why_nowhere(const std::vector<std::vector<std::string>>& misfits_of_nodes) {
  std::map<std::string, int> counts;
  for (const auto& each : misfits_of_nodes) {
    for (const std::string& why : each) ++counts[why];
  }
  std::vector<std::string> parts;
  for (const auto& [why, count] : counts) parts.push_back(std::to_string(count) + " " + why);
  std::sort(parts.begin(), parts.end());
  const std::string nodes = std::to_string(misfits_of_nodes.size());
  if (parts.empty()) return "no nodes available to schedule pods";
  std::string out = "0/" + nodes + " nodes are available: ";
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i > 0 ? ", " : "") + parts[i];
  return out + ".";
}

}  // namespace skerry::standalone
