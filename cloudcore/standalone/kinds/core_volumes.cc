// PersistentVolume and PersistentVolumeClaim.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr auto kAbsent = DefaultRow::When::kAbsent;
constexpr const char* kSources[] = {"hostPath",
                                    "nfs",
                                    "local",
                                    "csi",
                                    "iscsi",
                                    "fc",
                                    "rbd",
                                    "cephfs",
                                    "cinder",
                                    "azureDisk",
                                    "azureFile",
                                    "awsElasticBlockStore",
                                    "flocker",
                                    "flexVolume",
                                    "gcePersistentDisk",
                                    "glusterfs",
                                    "photonPersistentDisk",
                                    "portworxVolume",
                                    "quobyte",
                                    "scaleIO",
                                    "storageos",
                                    "vsphereVolume"};

// ---- both ---------------------------------------------------------------------------------------

void check_access_modes(const json& spec, const char* why_needed, FieldChecks& checks) {
  const std::vector<std::string> modes = fields::texts(spec, "accessModes");
  if (modes.empty()) checks.required("spec.accessModes", why_needed);
  for (const std::string& mode : modes) {
    checks.one_of("spec.accessModes", mode,
                  {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
  }
  const bool alone = std::find(modes.begin(), modes.end(), "ReadWriteOncePod") != modes.end();
  if (alone && modes.size() > 1) {
    checks.forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes");
  }
}

void check_storage(const json& list, const std::string& field, FieldChecks& checks) {
  const auto parsed = k8s::parse_quantity(fields::text_or_number(fields::at(list, "storage")));
  if (!parsed || parsed->milli_value() > 0) return;
  checks.invalid(field, parsed->text(), "must be greater than zero");
}

void check_class_and_mode(const json& spec, FieldChecks& checks) {
  const std::string name = fields::text(spec, "storageClassName");
  if (!name.empty()) {
    checks.rule("spec.storageClassName", name, name_rules::dns_subdomain(name));
  }
  if (spec.contains("volumeMode")) {
    checks.one_of("spec.volumeMode", fields::text(spec, "volumeMode"), {"Block", "Filesystem"});
  }
}

// ---- PersistentVolume ---------------------------------------------------------------------------

void volume_defaults(json& object) {
  static const DefaultTable kTable = {
      {"spec", "{}", kAbsent},
      {"spec.persistentVolumeReclaimPolicy", R"("Retain")"},
      {"spec.volumeMode", R"("Filesystem")", kAbsent},
      {"spec.hostPath.type", R"("")", kAbsent},
      {"spec.iscsi.iscsiInterface", R"("default")"},
      {"spec.rbd.pool", R"("rbd")"},
      {"spec.rbd.user", R"("admin")"},
      {"spec.rbd.keyring", R"("/etc/ceph/keyring")"},
  };
  kTable.apply(object);
}

void volume_create(json& object) {
  object["status"] = {
      {"phase", "Pending"},
      {"lastPhaseTransitionTime", fields::text(object["metadata"], "creationTimestamp")}};
}

void check_capacity(const json& spec, FieldChecks& checks) {
  const json& capacity = fields::at(spec, "capacity");
  if (!capacity.is_object() || capacity.empty()) checks.required("spec.capacity");
  if (!capacity.is_object() || capacity.size() != 1 || !capacity.contains("storage")) {
    checks.not_supported("spec.capacity", capacity, {"storage"});
  }
  check_storage(capacity, "spec.capacity[storage]", checks);
}

void check_source(const std::string& kind, const json& source, FieldChecks& checks) {
  const std::string at = "spec." + kind;
  const auto needs = [&](const char* key) {
    if (fields::text(source, key).empty()) checks.required(at + "." + key);
  };
  if (kind == "hostPath") {
    needs("path");
  } else if (kind == "nfs") {
    needs("server");
    needs("path");
    const std::string path = fields::text(source, "path");
    if (!path.starts_with('/')) {
      checks.invalid(at + ".path", path, "must be an absolute path");
    }
  } else if (kind == "local") {
    needs("path");
  } else if (kind == "csi") {
    needs("driver");
    const std::string driver = fields::text(source, "driver");
    checks.rule(at + ".driver", driver, name_rules::dns_subdomain(driver));
    needs("volumeHandle");
  }
}

void check_sources(const json& spec, FieldChecks& checks) {
  int sources = 0;
  for (const char* kind : kSources) {
    const json& source = fields::at(spec, kind);
    if (!source.is_object()) continue;
    if (++sources > 1) {
      checks.forbidden("spec." + std::string(kind), "may not specify more than 1 volume type");
    } else {
      check_source(kind, source, checks);
    }
  }
  if (sources == 0) checks.required("spec", "must specify a volume type");
}

void check_volume_affinity(const json& spec, FieldChecks& checks) {
  const json& affinity = fields::at(spec, "nodeAffinity");
  const json& required = fields::at(affinity, "required");
  if (affinity.is_object() && !required.is_object()) {
    checks.required("spec.nodeAffinity.required", "must specify required node constraints");
  }
  if (required.is_object()) {
    check_node_selector_terms(required, "spec.nodeAffinity.required", checks);
  }
  if (spec.contains("local") && !affinity.is_object()) {
    checks.required("spec.nodeAffinity", "Local volume requires node affinity");
  }
}

FieldErrors volume_validate(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  check_access_modes(spec, "", checks);
  check_capacity(spec, checks);
  const std::string policy = fields::text(spec, "persistentVolumeReclaimPolicy");
  checks.one_of("spec.persistentVolumeReclaimPolicy", policy, {"Delete", "Recycle", "Retain"});
  check_sources(spec, checks);
  check_volume_affinity(spec, checks);
  if (policy == "Recycle" && fields::text(fields::object(spec, "hostPath"), "path") == "/") {
    checks.forbidden("spec.persistentVolumeReclaimPolicy",
                     "may not be 'recycle' for a hostPath mount of '/'");
  }
  check_class_and_mode(spec, checks);
  return checks.take();
}

FieldErrors volume_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& former = fields::object(old, "spec");
  for (const char* kind : kSources) {
    if (fields::at(spec, kind) == fields::at(former, kind)) continue;
    checks.forbidden("spec.persistentvolumesource",
                     "spec.persistentvolumesource is immutable after creation");
    break;
  }
  checks.immutable(spec, former, "volumeMode", "");  // without "spec.", as Kubernetes says it
  return checks.take();
}

// ---- PersistentVolumeClaim ----------------------------------------------------------------------

void default_data_source(json& spec) {
  const json& source = fields::at(spec, "dataSource");
  if (source.is_object()) {
    // Only claims and snapshots can be copied from; anything else is as if it was not said.
    const std::string group = fields::text(source, "apiGroup");
    const std::string kind = fields::text(source, "kind");
    const bool claim = group.empty() && kind == "PersistentVolumeClaim";
    const bool snapshot = group == "snapshot.storage.k8s.io" && kind == "VolumeSnapshot";
    if (!claim && !snapshot) spec.erase("dataSource");
  }
  for (const auto& [from, to] :
       {std::pair("dataSource", "dataSourceRef"), std::pair("dataSourceRef", "dataSource")}) {
    if (!spec.contains(from)) continue;
    if (!spec[from].contains("apiGroup")) spec[from]["apiGroup"] = nullptr;
    if (!spec.contains(to) && !spec[from].contains("namespace")) spec[to] = spec[from];
  }
}

void claim_defaults(json& object) {
  static const DefaultTable kTable = {{"spec", "{}", kAbsent},
                                      {"spec.resources", "{}", kAbsent},
                                      {"spec.volumeMode", R"("Filesystem")", kAbsent}};
  kTable.apply(object);
  if (object["spec"].is_object()) default_data_source(object["spec"]);
}

void claim_create(json& object) { object["status"] = {{"phase", "Pending"}}; }

FieldErrors claim_validate(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  check_access_modes(spec, "at least 1 access mode is required", checks);
  if (spec.contains("selector")) checks.label_selector("spec.selector", spec["selector"]);
  const json& requests = fields::object(fields::object(spec, "resources"), "requests");
  if (!requests.contains("storage")) {
    checks.required("spec.resources[storage]");
  } else {
    check_storage(requests, "spec.resources[storage]", checks);
  }
  check_class_and_mode(spec, checks);
  return checks.take();
}

/// What may change of a claim: its volume's name once, its size when it is bound.
FieldErrors claim_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  json spec = fields::object(object, "spec");
  json as_now = old;  // what was stored before a default existed has it too
  claim_defaults(as_now);
  const json& former = fields::object(as_now, "spec");
  const bool bound = fields::text(fields::object(old, "status"), "phase") == "Bound";
  if (fields::text(former, "volumeName").empty()) spec.erase("volumeName");
  if (!former.contains("storageClassName") && spec.contains("storageClassName")) {
    spec.erase("storageClassName");
  }
  json wanted = former;
  for (json* each : {&spec, &wanted}) {
    each->erase("volumeAttributesClassName");
    if (fields::text(former, "volumeName").empty()) each->erase("volumeName");
    if (bound) (*each)["resources"].erase("requests");
  }
  if (spec != wanted) {
    checks.forbidden("spec",
                     "spec is immutable after creation except resources.requests and "
                     "volumeAttributesClassName for bound claims");
  }
  const auto size = [](const json& of) {
    const json& requests = fields::object(fields::object(of, "resources"), "requests");
    const auto parsed =
        k8s::parse_quantity(fields::text_or_number(fields::at(requests, "storage")));
    return parsed ? parsed->value() : 0;
  };
  if (bound && size(fields::object(object, "spec")) < size(former)) {
    checks.forbidden("spec.resources.requests.storage",
                     "field can not be less than status.capacity");
  }
  return checks.take();
}

}  // namespace

std::vector<KindBehaviour> volume_rows() {
  KindBehaviour volumes;
  volumes.storage_prefix = "persistentvolumes";
  volumes.set_defaults = volume_defaults;
  volumes.prepare_create = volume_create;
  volumes.validate = volume_validate;
  volumes.validate_update = volume_validate_update;
  KindBehaviour claims;
  claims.storage_prefix = "persistentvolumeclaims";
  claims.set_defaults = claim_defaults;
  claims.prepare_create = claim_create;
  claims.validate = claim_validate;
  claims.validate_update = claim_validate_update;
  return {volumes, claims};
}

}  // namespace skerry::standalone
