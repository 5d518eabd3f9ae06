// Kinds of storage.k8s.io.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using enum DefaultRow::When;

constexpr std::size_t kDriverBytesMax = 63;
constexpr std::int64_t kTokenSecondsMin = 600;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void check_driver_name(FieldChecks& checks, const std::string& name, const std::string& path) {
  if (name.empty()) checks.required(path);
  if (name.size() > kDriverBytesMax) checks.too_long(path, kDriverBytesMax);
  checks.rule(path, name, name_rules::dns_subdomain(lower(name)));
}

// ---- StorageClass -------------------------------------------------------------------------------

void default_storage_class(json& object) {
  static const DefaultTable table = {
      {"reclaimPolicy", R"("Delete")", kAbsent},
      {"volumeBindingMode", R"("Immediate")", kAbsent},
  };
  table.apply(object);
}

void check_topology(FieldChecks& checks, const json& term, const std::string& at) {
  std::set<std::string> keys;
  const json& expressions = fields::list(term, "matchLabelExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const std::string path = at_index(at + ".matchLabelExpressions", i);
    const json& values = fields::list(expressions[i], "values");
    if (values.empty()) checks.required(path + ".values");
    std::set<std::string> seen;
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (!seen.insert(values[j].dump()).second) {
        checks.duplicate(at_index(path + ".values", j), values[j]);
      }
    }
    const std::string key = fields::text(expressions[i], "key");
    checks.rule(path + ".key", key, name_rules::qualified_name(key));
    if (!keys.insert(key).second) checks.duplicate(path + ".key", key);
  }
}

FieldErrors validate_storage_class(const json& object) {
  FieldChecks checks;
  const std::string provisioner = lower(fields::text(object, "provisioner"));
  if (provisioner.empty()) {
    checks.required("provisioner");
  } else {
    checks.rule("provisioner", provisioner, name_rules::qualified_name(provisioner));
  }
  for (const auto& [key, value] : fields::object(object, "parameters").items()) {
    if (key.empty()) checks.invalid("parameters", key, "field can not be empty.");
  }
  checks.one_of("reclaimPolicy", fields::text(object, "reclaimPolicy"), {"Delete", "Retain"});
  checks.one_of("volumeBindingMode", fields::text(object, "volumeBindingMode"),
                {"Immediate", "WaitForFirstConsumer"});
  const json& terms = fields::list(object, "allowedTopologies");
  for (std::size_t i = 0; i < terms.size(); ++i) {
    check_topology(checks, terms[i], at_index("allowedTopologies", i));
  }
  return checks.take();
}

FieldErrors validate_storage_class_update(const json& object, const json& old) {
  FieldChecks checks;
  for (const char* field : {"parameters", "provisioner", "reclaimPolicy"}) {
    if (fields::at(object, field) == fields::at(old, field)) continue;
    checks.forbidden(field, std::string("updates to ") + field + " are forbidden.");
  }
  checks.immutable(object, old, "volumeBindingMode", "");
  return checks.take();
}

// ---- CSIDriver ----------------------------------------------------------------------------------

void default_driver(json& object) {
  static const DefaultTable table = {
      {"spec", "{}"},
      {"spec.attachRequired", "true", kAbsent},
      {"spec.podInfoOnMount", "false", kAbsent},
      {"spec.storageCapacity", "false", kAbsent},
      {"spec.requiresRepublish", "false", kAbsent},
      {"spec.seLinuxMount", "false", kAbsent},
      {"spec.fsGroupPolicy", R"("ReadWriteOnceWithFSType")", kAbsent},
      {"spec.volumeLifecycleModes", R"(["Persistent"])"},
  };
  table.apply(object);
}

FieldErrors validate_driver(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const std::string policy = fields::text(spec, "fsGroupPolicy");
  checks.one_of("spec.fsGroupPolicy", policy, {"File", "None", "ReadWriteOnceWithFSType"});
  std::set<std::string> audiences;
  const json& tokens = fields::list(spec, "tokenRequests");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string at = at_index("spec.tokenRequests", i);
    const std::string audience = fields::text(tokens[i], "audience");
    if (!audiences.insert(audience).second) checks.duplicate(at + ".audience", audience);
    const auto seconds = fields::number(tokens[i], "expirationSeconds");
    if (seconds && *seconds < kTokenSecondsMin) {
      checks.invalid(at + ".expirationSeconds", *seconds,
                     "may not specify a duration less than 10 minutes");
    }
  }
  for (const std::string& mode : fields::texts(spec, "volumeLifecycleModes")) {
    if (mode == "Persistent" || mode == "Ephemeral") continue;
    checks.not_supported("spec.volumeLifecycleModes", mode, {"Persistent", "Ephemeral"});
  }
  return checks.take();
}

FieldErrors validate_driver_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& before = fields::object(old, "spec");
  const json& attach = fields::at(spec, "attachRequired");
  if (attach != fields::at(before, "attachRequired")) {
    checks.invalid("spec.attachedRequired", attach, kImmutable);  // the API's own spelling
  }
  checks.immutable(spec, before, "volumeLifecycleModes", "spec");
  return checks.take();
}

// ---- CSINode ------------------------------------------------------------------------------------

void check_topology_keys(FieldChecks& checks, const json& keys, const std::string& at) {
  std::set<std::string> seen;
  for (const json& each : keys) {
    const std::string key = each.is_string() ? each.get<std::string>() : "";
    if (key.empty()) checks.required(at);
    if (!seen.insert(key).second) checks.duplicate(at, key);
    checks.rule(at, key, name_rules::qualified_name(key));
  }
}

FieldErrors validate_csi_node(const json& object) {
  FieldChecks checks;
  const json& drivers = fields::list(fields::object(object, "spec"), "drivers");
  std::set<std::string> names;
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    const std::string at = at_index("spec.drivers", i);
    const std::string name = fields::text(drivers[i], "name");
    check_driver_name(checks, name, at + ".name");
    if (fields::text(drivers[i], "nodeID").empty()) checks.required(at + ".nodeID");
    checks.not_negative(fields::object(drivers[i], "allocatable"), "count", at + ".allocatable");
    if (!names.insert(name).second) checks.duplicate(at + ".name", name);
    check_topology_keys(checks, fields::list(drivers[i], "topologyKeys"), at);
  }
  return checks.take();
}

/// As the API shows its own struct.
std::string shown_driver(const json& driver) {
  const json& allocatable = fields::at(driver, "allocatable");
  return "{\"Name\":" + fields::at(driver, "name").dump() +
         ",\"NodeID\":" + fields::at(driver, "nodeID").dump() +
         ",\"TopologyKeys\":" + fields::at(driver, "topologyKeys").dump() + ",\"Allocatable\":" +
         (allocatable.is_object() ? "{\"Count\":" + fields::at(allocatable, "count").dump() + "}"
                                  : "null") +
         "}";
}

/// A driver may come and go; while it is there it stays what it is.
FieldErrors validate_csi_node_update(const json& object, const json& old) {
  FieldChecks checks;
  for (const json& before : fields::list(fields::object(old, "spec"), "drivers")) {
    for (const json& driver : fields::list(fields::object(object, "spec"), "drivers")) {
      const bool same = fields::at(driver, "name") == fields::at(before, "name");
      if (!same || driver == before) continue;
      FieldError error{FieldError::Kind::kInvalid, "spec.drivers", kImmutable, nullptr, {}};
      error.shown = shown_driver(driver);
      checks.add({error});
    }
  }
  return checks.take();
}

// ---- VolumeAttachment, CSIStorageCapacity -------------------------------------------------------

void create_attachment(json& object) { object["status"] = {{"attached", false}}; }

FieldErrors validate_attachment(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const std::string attacher = fields::text(spec, "attacher");
  const json& source = fields::object(spec, "source");
  if (attacher.empty()) checks.required("spec.attacher");
  const bool inline_spec = source.contains("inlineVolumeSpec");
  const json& volume = fields::at(source, "persistentVolumeName");
  constexpr const char* kOneOf =
      "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (!inline_spec && !volume.is_string()) checks.required("spec.source", kOneOf);
  if (inline_spec && volume.is_string()) checks.forbidden("spec.source", kOneOf);
  const std::string node = fields::text(spec, "nodeName");
  checks.rule("spec.nodeName", node, name_rules::dns_subdomain(node));
  check_driver_name(checks, attacher, "spec.attacher");
  return checks.take();
}

FieldErrors validate_attachment_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  if (spec == fields::object(old, "spec")) return checks.take();
  const json& source = fields::object(spec, "source");
  FieldError error{FieldError::Kind::kInvalid, "spec", kImmutable, nullptr, {}};
  error.shown =
      "{\"Attacher\":" + fields::at(spec, "attacher").dump() +
      ",\"Source\":{\"PersistentVolumeName\":" + fields::at(source, "persistentVolumeName").dump() +
      ",\"InlineVolumeSpec\":" + fields::at(source, "inlineVolumeSpec").dump() +
      "},\"NodeName\":" + fields::at(spec, "nodeName").dump() + "}";
  checks.add({error});
  return checks.take();
}

FieldErrors validate_capacity(const json& object) {
  FieldChecks checks;
  const json& topology = fields::at(object, "nodeTopology");
  if (topology.is_object()) checks.label_selector("nodeTopology", topology);
  const std::string name = fields::text(object, "storageClassName");
  checks.rule("storageClassName", name, name_rules::dns_subdomain(name));
  checks.quantity("capacity", fields::at(object, "capacity"));
  return checks.take();
}

FieldErrors validate_capacity_update(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(object, old, "nodeTopology", "");
  checks.immutable(object, old, "storageClassName", "");
  return checks.take();
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(5);
  KindBehaviour& classes = rows[0];
  classes.storage_prefix = "storageclasses.storage.k8s.io";
  classes.set_defaults = default_storage_class;
  classes.validate = validate_storage_class;
  classes.validate_update = validate_storage_class_update;
  KindBehaviour& drivers = rows[1];
  drivers.storage_prefix = "csidrivers.storage.k8s.io";
  drivers.set_defaults = default_driver;
  drivers.validate = validate_driver;
  drivers.validate_update = validate_driver_update;
  KindBehaviour& nodes = rows[2];
  nodes.storage_prefix = "csinodes.storage.k8s.io";
  nodes.validate = validate_csi_node;
  nodes.validate_update = validate_csi_node_update;
  KindBehaviour& attachments = rows[3];
  attachments.storage_prefix = "volumeattachments.storage.k8s.io";
  attachments.prepare_create = create_attachment;
  attachments.validate = validate_attachment;
  attachments.validate_update = validate_attachment_update;
  KindBehaviour& capacities = rows[4];
  capacities.storage_prefix = "csistoragecapacities.storage.k8s.io";
  capacities.validate = validate_capacity;
  capacities.validate_update = validate_capacity_update;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> storage_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone
