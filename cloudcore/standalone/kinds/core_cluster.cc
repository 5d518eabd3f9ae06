// Namespace, Node, Event.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr auto kAbsent = DefaultRow::When::kAbsent;

// ---- Namespace ----------------------------------------------------------------------------------

/// Selectors of other namespaces find it by this label.
void namespace_defaults(json& object) {
  const std::string name = fields::text(fields::object(object, "metadata"), "name");
  if (!name.empty()) object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
  if (!object.contains("spec")) object["spec"] = json::object();
}

void namespace_create(json& object) {
  std::vector<std::string> finalizers = fields::texts(object["spec"], "finalizers");
  if (std::find(finalizers.begin(), finalizers.end(), "kubernetes") == finalizers.end()) {
    finalizers.emplace_back("kubernetes");
  }
  object["spec"]["finalizers"] = finalizers;
  object["status"] = {{"phase", "Active"}};
}

void namespace_update(json& object, const json& old) {
  object["spec"]["finalizers"] = fields::list(fields::object(old, "spec"), "finalizers");
}

FieldErrors namespace_validate(const json& object) {
  FieldChecks checks;
  for (const std::string& each : fields::texts(fields::object(object, "spec"), "finalizers")) {
    const auto problems = name_rules::qualified_name(each);
    checks.rule("spec.finalizers", each, problems);
    if (!problems.empty() || each == "kubernetes" || each.find('/') != std::string::npos) continue;
    checks.invalid("spec.finalizers", each,
                   "name is neither a standard finalizer name nor is it fully qualified");
  }
  return checks.take();
}

// ---- Node ---------------------------------------------------------------------------------------

void node_defaults(json& object) {
  static const DefaultTable kTable = {{"spec", "{}", kAbsent}};
  kTable.apply(object);
  json& spec = object["spec"];
  if (!spec.is_object()) return;
  spec.erase("configSource");  // gone from Kubernetes
  const std::string one = fields::text(spec, "podCIDR");
  if (!one.empty() && fields::list(spec, "podCIDRs").empty()) spec["podCIDRs"] = {one};
  if (one.empty() && !fields::list(spec, "podCIDRs").empty()) spec["podCIDR"] = spec["podCIDRs"][0];
}

void node_create(json& object) {
  static const DefaultTable kTable = {
      {"status", "{}", kAbsent},
      {"status.daemonEndpoints", R"({"kubeletEndpoint":{"Port":0}})", kAbsent},
      {"status.nodeInfo", "{}", kAbsent},
      {"status.nodeInfo.architecture", R"("")", kAbsent},
      {"status.nodeInfo.bootID", R"("")", kAbsent},
      {"status.nodeInfo.containerRuntimeVersion", R"("")", kAbsent},
      {"status.nodeInfo.kernelVersion", R"("")", kAbsent},
      {"status.nodeInfo.kubeProxyVersion", R"("")", kAbsent},
      {"status.nodeInfo.kubeletVersion", R"("")", kAbsent},
      {"status.nodeInfo.machineID", R"("")", kAbsent},
      {"status.nodeInfo.operatingSystem", R"("")", kAbsent},
      {"status.nodeInfo.osImage", R"("")", kAbsent},
      {"status.nodeInfo.systemUUID", R"("")", kAbsent}};
  kTable.apply(object);
  json& status = object["status"];
  if (status.contains("capacity") && !status.contains("allocatable")) {
    status["allocatable"] = status["capacity"];
  }
}

void check_taints(const json& spec, FieldChecks& checks) {
  std::set<std::pair<std::string, std::string>> seen;
  const json& taints = fields::list(spec, "taints");
  for (std::size_t i = 0; i < taints.size(); ++i) {
    const std::string at = at_index("metadata.taints", i);
    const std::string key = fields::text(taints[i], "key");
    const std::string value = fields::text(taints[i], "value");
    const std::string effect = fields::text(taints[i], "effect");
    checks.rule(at + ".key", key, name_rules::qualified_name(key));
    checks.rule(at + ".value", value, name_rules::label_value(value));
    checks.one_of(at + ".effect", effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    if (seen.insert({key, effect}).second) continue;
    checks.duplicate(at,
                     json({{"Key", key},
                           {"Value", value},
                           {"Effect", effect},
                           {"TimeAdded", fields::at(taints[i], "timeAdded")}}),
                     "taints must be unique by key and effect pair");
  }
}

FieldErrors node_validate(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  check_taints(spec, checks);
  const json& ranges = fields::list(spec, "podCIDRs");
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::string range = fields::text_or_number(ranges[i]);
    checks.rule(at_index("spec.podCIDRs", i), range, name_rules::cidr(range));
  }
  return checks.take();
}

FieldErrors node_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& former = fields::object(old, "spec");
  const json& before = fields::list(former, "podCIDRs");
  if (!before.empty() && fields::list(spec, "podCIDRs") != before) {
    checks.forbidden("spec.podCIDRs",
                     "node updates may not change podCIDR except from \"\" to valid");
  }
  const std::string provider = fields::text(former, "providerID");
  if (!provider.empty() && fields::text(spec, "providerID") != provider) {
    checks.forbidden("spec.providerID",
                     "node updates may not change providerID except from \"\" to valid");
  }
  return checks.take();
}

// ---- Event --------------------------------------------------------------------------------------

void event_defaults(json& object) {
  static const DefaultTable kTable = {{"source", "{}", kAbsent},
                                      {"involvedObject", "{}", kAbsent},
                                      {"reportingComponent", R"("")", kAbsent},
                                      {"reportingInstance", R"("")", kAbsent},
                                      {"eventTime", "null", kAbsent},
                                      {"firstTimestamp", "null", kAbsent},
                                      {"lastTimestamp", "null", kAbsent}};
  kTable.apply(object);
}

/// An event of something without a namespace stands in "default".
FieldErrors event_validate(const json& object) {
  FieldChecks checks;
  const std::string ns = fields::text(fields::object(object, "metadata"), "namespace");
  const std::string of = fields::text(fields::object(object, "involvedObject"), "namespace");
  const bool right = of.empty() ? ns.empty() || ns == "default" : of == ns;
  if (!right) checks.invalid("involvedObject.namespace", of, "does not match event.namespace");
  return checks.take();
}

}  // namespace

std::vector<KindBehaviour> cluster_rows() {
  KindBehaviour namespaces;
  namespaces.storage_prefix = "namespaces";
  namespaces.set_defaults = namespace_defaults;
  namespaces.prepare_create = namespace_create;
  namespaces.prepare_update = namespace_update;
  namespaces.validate = namespace_validate;
  KindBehaviour nodes;
  nodes.storage_prefix = "nodes";
  nodes.status_on_create = true;
  nodes.set_defaults = node_defaults;
  nodes.prepare_create = node_create;
  nodes.validate = node_validate;
  nodes.validate_update = node_validate_update;
  KindBehaviour events;
  events.storage_prefix = "events";
  events.create_on_update = true;
  events.set_defaults = event_defaults;
  events.validate = event_validate;
  return {namespaces, nodes, events};
}

}  // namespace skerry::standalone
