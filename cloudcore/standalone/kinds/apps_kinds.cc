// Kinds of apps: defaults, what create and update set by themselves.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/apps_rules.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using enum DefaultRow::When;

constexpr const char* kRevision = "deployment.kubernetes.io/revision";
constexpr const char* kTemplateGeneration = "deprecated.daemonset.template.generation";

json& spec_of(json& object) {
  json& spec = object["spec"];
  if (!spec.is_object()) spec = json::object();
  return spec;
}

json& template_of(json& spec) {
  json& out = spec["template"];
  if (!out.is_object()) out = json::object();
  return out;
}

/// A RollingUpdate without its numbers gets them; `strategy` is spec.strategy or .updateStrategy.
void default_rolling(json& strategy, const json& numbers) {
  if (fields::text(strategy, "type") != "RollingUpdate") return;
  json& rolling = strategy["rollingUpdate"];
  if (!rolling.is_object()) rolling = json::object();
  for (const auto& [key, value] : numbers.items()) {
    if (!rolling.contains(key)) rolling[key] = value;
  }
}

void default_deployment(json& object) {
  static const DefaultTable table = {
      {"spec.replicas", "1", kAbsent},
      {"spec.revisionHistoryLimit", "10", kAbsent},
      {"spec.progressDeadlineSeconds", "600", kAbsent},
      {"spec.strategy", "{}"},
      {"spec.strategy.type", R"("RollingUpdate")"},
  };
  json& spec = spec_of(object);
  default_pod_template(template_of(spec));
  table.apply(object);
  default_rolling(spec["strategy"], {{"maxUnavailable", "25%"}, {"maxSurge", "25%"}});
}

void default_replica_set(json& object) {
  static const DefaultTable table = {{"spec.replicas", "1", kAbsent}};
  default_pod_template(template_of(spec_of(object)));
  table.apply(object);
}

void default_daemon_set(json& object) {
  static const DefaultTable table = {
      {"spec.revisionHistoryLimit", "10", kAbsent},
      {"spec.updateStrategy", "{}"},
      {"spec.updateStrategy.type", R"("RollingUpdate")"},
  };
  json& spec = spec_of(object);
  default_pod_template(template_of(spec));
  table.apply(object);
  default_rolling(spec["updateStrategy"], {{"maxUnavailable", 1}, {"maxSurge", 0}});
}

void default_stateful_set(json& object) {
  static const DefaultTable table = {
      {"spec.replicas", "1", kAbsent},
      {"spec.revisionHistoryLimit", "10", kAbsent},
      {"spec.serviceName", R"("")"},
      {"spec.podManagementPolicy", R"("OrderedReady")"},
      {"spec.updateStrategy", "{}"},
      {"spec.updateStrategy.type", R"("RollingUpdate")"},
      {"spec.persistentVolumeClaimRetentionPolicy", "{}"},
      {"spec.persistentVolumeClaimRetentionPolicy.whenDeleted", R"("Retain")"},
      {"spec.persistentVolumeClaimRetentionPolicy.whenScaled", R"("Retain")"},
      {"spec.volumeClaimTemplates[].apiVersion", R"("v1")"},
      {"spec.volumeClaimTemplates[].kind", R"("PersistentVolumeClaim")"},
      {"spec.volumeClaimTemplates[].metadata", "{}"},
      {"spec.volumeClaimTemplates[].spec", "{}"},
      {"spec.volumeClaimTemplates[].spec.resources", "{}"},
      {"spec.volumeClaimTemplates[].spec.volumeMode", R"("Filesystem")"},
      {"spec.volumeClaimTemplates[].status", "{}"},
      {"spec.volumeClaimTemplates[].status.phase", R"("Pending")"},
  };
  json& spec = spec_of(object);
  default_pod_template(template_of(spec));
  table.apply(object);
  json& strategy = spec["updateStrategy"];
  default_rolling(strategy, {{"partition", 0}});
  // Behind a feature gate that is off.
  if (strategy.contains("rollingUpdate")) strategy["rollingUpdate"].erase("maxUnavailable");
}

// ---- create and update --------------------------------------------------------------------------

void create_deployment(json& object) { object["status"] = json::object(); }
void create_replica_set(json& object) { object["status"] = {{"replicas", 0}}; }
void create_stateful_set(json& object) {
  object["status"] = {{"replicas", 0}, {"availableReplicas", 0}};
}

void create_daemon_set(json& object) {
  object["metadata"]["annotations"][kTemplateGeneration] = "1";
  object["status"] = {{"currentNumberScheduled", 0},
                      {"numberMisscheduled", 0},
                      {"desiredNumberScheduled", 0},
                      {"numberReady", 0}};
}

std::int64_t generation_of(const json& object) {
  return fields::number(fields::object(object, "metadata"), "generation").value_or(0);
}

/// Without the one that the controller writes, whose write is no wish of anybody.
json wished_annotations(const json& object) {
  json out = fields::object(fields::object(object, "metadata"), "annotations");
  out.erase(kRevision);
  return out;
}

/// A Deployment's annotations reach its ReplicaSets: they count as its spec does.
void update_deployment(json& object, const json& old) {
  if (wished_annotations(object) != wished_annotations(old)) {
    object["metadata"]["generation"] = generation_of(old) + 1;
  }
}

void update_daemon_set(json& object, const json& old) {
  const auto annotations = fields::text_map(fields::object(old, "metadata"), "annotations");
  const auto found = annotations.find(kTemplateGeneration);
  std::int64_t count = found == annotations.end() ? 0 : std::atoll(found->second.c_str());
  const json& before = fields::at(fields::object(old, "spec"), "template");
  if (fields::at(object["spec"], "template") != before) ++count;
  object["metadata"]["annotations"][kTemplateGeneration] = std::to_string(count);
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(5);
  KindBehaviour* row = rows.data();
  row->storage_prefix = "deployments.apps";
  row->generation = true;
  row->set_defaults = default_deployment;
  row->prepare_create = create_deployment;
  row->prepare_update = update_deployment;
  row->validate = validate_deployment;
  row->validate_update = validate_same_selector;
  ++row;
  row->storage_prefix = "replicasets.apps";
  row->generation = true;
  row->set_defaults = default_replica_set;
  row->prepare_create = create_replica_set;
  row->validate = validate_replica_set;
  row->validate_update = validate_same_selector;
  ++row;
  row->storage_prefix = "daemonsets.apps";
  row->generation = true;
  row->set_defaults = default_daemon_set;
  row->prepare_create = create_daemon_set;
  row->prepare_update = update_daemon_set;
  row->validate = validate_daemon_set;
  row->validate_update = validate_same_selector;
  ++row;
  row->storage_prefix = "statefulsets.apps";
  row->generation = true;
  row->set_defaults = default_stateful_set;
  row->prepare_create = create_stateful_set;
  row->validate = validate_stateful_set;
  row->validate_update = validate_stateful_set_update;
  ++row;
  row->storage_prefix = "controllerrevisions.apps";
  row->validate = validate_controller_revision;
  row->validate_update = validate_controller_revision_update;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> apps_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone
