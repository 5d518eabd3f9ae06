// Kinds of the whole cluster that none of the other files has: PriorityClass, RuntimeClass,
// CertificateSigningRequest, APIService; and Lease.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/certificate_rules.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using enum DefaultRow::When;

constexpr std::int64_t kUserPriorityMax = 1'000'000'000;
constexpr std::int64_t kGroupPriorityMax = 20'000;
constexpr std::int64_t kVersionPriorityMax = 1'000;

// ---- PriorityClass ------------------------------------------------------------------------------

void default_priority_class(json& object) {
  static const DefaultTable table = {
      {"preemptionPolicy", R"("PreemptLowerPriority")", kAbsent},
      {"value", "0", kAbsent},
  };
  table.apply(object);
}

FieldErrors validate_priority_class(const json& object) {
  FieldChecks checks;
  const std::string name = fields::text(fields::object(object, "metadata"), "name");
  const auto value = fields::number(object, "value").value_or(0);
  const bool known = name == "system-cluster-critical" || name == "system-node-critical";
  if (name.starts_with("system-") && !known) {
    checks.forbidden("metadata.name",
                     "priority class names with 'system-' prefix are reserved for system use only. "
                     "error: " +
                         name + " is not a known system priority class");
  } else if (!known && value > kUserPriorityMax) {
    checks.forbidden("value", "maximum allowed value of a user defined priority is " +
                                  std::to_string(kUserPriorityMax));
  }
  checks.one_of("preemptionPolicy", fields::text(object, "preemptionPolicy"),
                {"PreemptLowerPriority", "Never"});
  return checks.take();
}

FieldErrors validate_priority_class_update(const json& object, const json& old) {
  FieldChecks checks;
  if (fields::at(object, "value") != fields::at(old, "value")) {
    checks.forbidden("value", "may not be changed in an update.");
  }
  checks.immutable(object, old, "preemptionPolicy", "");
  return checks.take();
}

// ---- RuntimeClass -------------------------------------------------------------------------------

FieldErrors validate_runtime_class(const json& object) {
  FieldChecks checks;
  const std::string handler = fields::text(object, "handler");
  checks.rule("handler", handler, name_rules::dns_label(handler));
  const json& overhead = fields::object(fields::object(object, "overhead"), "podFixed");
  if (!overhead.empty()) check_resources({{"limits", overhead}}, "overhead", checks);
  const json& scheduling = fields::object(object, "scheduling");
  checks.labels("scheduling.nodeSelector", fields::object(scheduling, "nodeSelector"));
  check_tolerations(fields::list(scheduling, "tolerations"), "scheduling.tolerations.tolerations",
                    checks);
  return checks.take();
}

FieldErrors validate_runtime_class_update(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(object, old, "handler", "");
  return checks.take();
}

// ---- APIService ---------------------------------------------------------------------------------

void default_api_service(json& object) {
  static const DefaultTable table = {{"spec.service.port", "443", kAbsent}};
  table.apply(object);
}

/// What this server itself serves is there.
void create_api_service(json& object) {
  object["status"] = json::object();
  if (fields::at(fields::object(object, "spec"), "service").is_object()) return;
  object["status"]["conditions"] =
      json::array({{{"type", "Available"},
                    {"status", "True"},
                    {"lastTransitionTime", fields::at(object["metadata"], "creationTimestamp")},
                    {"reason", "Local"},
                    {"message", "Local APIServices are always available"}}});
}

void check_api_server(FieldChecks& checks, const json& spec) {
  const json& service = fields::at(spec, "service");
  const bool insecure = fields::flag(spec, "insecureSkipTLSVerify");
  const bool has_ca = !fields::text(spec, "caBundle").empty();
  if (!service.is_object()) {
    if (has_ca) checks.invalid("spec.caBundle", "", "local APIServices may not have a caBundle");
    if (insecure) {
      checks.invalid("spec.insecureSkipTLSVerify", true,
                     "local APIServices may not have insecureSkipTLSVerify");
    }
    return;
  }
  for (const char* field : {"namespace", "name"}) {
    if (fields::text(service, field).empty()) {
      checks.required(std::string("spec.service.") + field);
    }
  }
  const auto port = fields::number(service, "port").value_or(0);
  for (const std::string& problem : name_rules::port_number(port)) {
    checks.invalid("spec.service.port", port, "port is not valid: " + problem);
  }
  if (insecure && has_ca) {
    checks.invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present");
  }
}

FieldErrors validate_api_service(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const std::string name = fields::text(fields::object(object, "metadata"), "name");
  const std::string group = fields::text(spec, "group");
  const std::string version = fields::text(spec, "version");
  const std::string wanted = version + "." + group;
  if (name != wanted) {
    checks.invalid("metadata.name", name,
                   "must be `spec.version+\".\"+spec.group`: \"" + wanted + "\"");
  }
  if (group.empty() && version != "v1") {
    checks.required("spec.group", "only v1 may have an empty group and it better be legacy kube");
  } else if (!group.empty()) {
    checks.rule("spec.group", group, name_rules::dns_subdomain(group));
  }
  checks.rule("spec.version", version, name_rules::dns_1035_label(version));
  const auto group_priority = fields::number(spec, "groupPriorityMinimum").value_or(0);
  if (group_priority <= 0 || group_priority > kGroupPriorityMax) {
    checks.invalid("spec.groupPriorityMinimum", group_priority,
                   "must be positive and less than 20000");
  }
  const auto version_priority = fields::number(spec, "versionPriority").value_or(0);
  if (version_priority <= 0 || version_priority > kVersionPriorityMax) {
    checks.invalid("spec.versionPriority", version_priority, "must be positive and less than 1000");
  }
  check_api_server(checks, spec);
  return checks.take();
}

void create_signing_request(json& object) { object["status"] = json::object(); }

FieldErrors validate_lease(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const auto seconds = fields::number(spec, "leaseDurationSeconds");
  if (seconds && *seconds <= 0) {
    checks.invalid("spec.leaseDurationSeconds", *seconds, "must be greater than 0");
  }
  checks.not_negative(spec, "leaseTransitions", "spec");
  return checks.take();
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(5);
  KindBehaviour& priorities = rows[0];
  priorities.storage_prefix = "priorityclasses.scheduling.k8s.io";
  priorities.generation = true;
  priorities.set_defaults = default_priority_class;
  priorities.validate = validate_priority_class;
  priorities.validate_update = validate_priority_class_update;
  KindBehaviour& runtimes = rows[1];
  runtimes.storage_prefix = "runtimeclasses.node.k8s.io";
  runtimes.validate = validate_runtime_class;
  runtimes.validate_update = validate_runtime_class_update;
  KindBehaviour& requests = rows[2];
  requests.storage_prefix = "certificatesigningrequests.certificates.k8s.io";
  requests.prepare_create = create_signing_request;
  requests.prepare_update = keep_signing_request;
  requests.prepare_part = keep_signing_request_part;
  requests.validate = validate_signing_request;
  KindBehaviour& services = rows[3];
  services.storage_prefix = "apiservices.apiregistration.k8s.io";
  services.set_defaults = default_api_service;
  services.prepare_create = create_api_service;
  services.validate = validate_api_service;
  KindBehaviour& leases = rows[4];
  leases.storage_prefix = "leases.coordination.k8s.io";
  leases.create_on_update = true;
  leases.validate = validate_lease;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> cluster_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone
