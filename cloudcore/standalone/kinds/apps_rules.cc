#include "cloudcore/standalone/kinds/apps_rules.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/int_or_percent.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/template_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

const json& spec_of(const json& object) { return fields::object(object, "spec"); }

/// What the API shows of a strategy that it does not know: its own struct.
void strange_strategy(FieldError& error, const std::string& type) {
  error.shown = "{\"Type\":" + json(type).dump() + ",\"RollingUpdate\":null}";
}

// ---- Deployment ---------------------------------------------------------------------------------

void check_rolling_deployment(FieldChecks& checks, const json& rolling) {
  const std::string path = "spec.strategy.rollingUpdate";
  const json& unavailable = fields::at(rolling, "maxUnavailable");
  const json& surge = fields::at(rolling, "maxSurge");
  check_int_or_percent(checks, path + ".maxUnavailable", unavailable);
  check_int_or_percent(checks, path + ".maxSurge", surge);
  if (amount_of(unavailable) == 0 && amount_of(surge) == 0) {
    checks.invalid(path + ".maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
  }
  check_at_most_whole(checks, path + ".maxUnavailable", unavailable);
}

void check_deployment_strategy(FieldChecks& checks, const json& spec) {
  const json& strategy = fields::object(spec, "strategy");
  const std::string type = fields::text(strategy, "type");
  if (type == "RollingUpdate") {
    check_rolling_deployment(checks, fields::object(strategy, "rollingUpdate"));
  } else if (type == "Recreate") {
    if (strategy.contains("rollingUpdate")) {
      checks.forbidden("spec.strategy.rollingUpdate",
                       "may not be specified when strategy `type` is 'Recreate'");
    }
  } else {
    FieldError error{
        FieldError::Kind::kNotSupported, "spec.strategy", {}, type, {"Recreate", "RollingUpdate"}};
    strange_strategy(error, type);
    checks.add({error});
  }
}

}  // namespace

FieldErrors validate_deployment(const json& object) {
  FieldChecks checks;
  const json& spec = spec_of(object);
  checks.not_negative(spec, "replicas", "spec");
  if (check_own_selector(checks, spec, "deployment")) {
    check_selector_matches(checks, spec);
    check_endless_template(checks, spec, "ReplicaSet");
  }
  check_deployment_strategy(checks, spec);
  checks.not_negative(spec, "minReadySeconds", "spec");
  checks.not_negative(spec, "revisionHistoryLimit", "spec");
  checks.not_negative(spec, "progressDeadlineSeconds", "spec");
  const auto deadline = fields::number(spec, "progressDeadlineSeconds");
  const auto ready = fields::number(spec, "minReadySeconds").value_or(0);
  if (deadline && *deadline <= ready) {
    checks.invalid("spec.progressDeadlineSeconds", *deadline,
                   "must be greater than minReadySeconds");
  }
  return checks.take();
}

FieldErrors validate_same_selector(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(spec_of(object), spec_of(old), "selector", "spec");
  return checks.take();
}

FieldErrors validate_replica_set(const json& object) {
  FieldChecks checks;
  const json& spec = spec_of(object);
  checks.not_negative(spec, "replicas", "spec");
  checks.not_negative(spec, "minReadySeconds", "spec");
  // The API names the wrong kind here.
  if (check_own_selector(checks, spec, "deployment")) {
    check_selector_matches(checks, spec);
    check_endless_template(checks, spec, "ReplicaSet");
  }
  return checks.take();
}

// ---- DaemonSet ----------------------------------------------------------------------------------

namespace {

void check_rolling_daemon(FieldChecks& checks, const json& rolling) {
  const std::string path = "spec.updateStrategy.rollingUpdate";
  const json& unavailable = fields::at(rolling, "maxUnavailable");
  const json& surge = fields::at(rolling, "maxSurge");
  check_int_or_percent(checks, path + ".maxUnavailable", unavailable);
  check_int_or_percent(checks, path + ".maxSurge", surge);
  check_at_most_whole(checks, path + ".maxUnavailable", unavailable);
  check_at_most_whole(checks, path + ".maxSurge", surge);
  const bool some_unavailable = amount_of(unavailable) != 0;
  const bool some_surge = amount_of(surge) != 0;
  if (some_unavailable && some_surge) {
    checks.invalid(path + ".maxSurge", surge, "may not be set when maxUnavailable is non-zero");
  } else if (!some_unavailable && !some_surge) {
    checks.required(path + ".maxUnavailable", "cannot be 0 when maxSurge is 0");
  }
}

void check_daemon_strategy(FieldChecks& checks, const json& spec) {
  const json& strategy = fields::object(spec, "updateStrategy");
  const std::string type = fields::text(strategy, "type");
  if (type == "RollingUpdate") {
    check_rolling_daemon(checks, fields::object(strategy, "rollingUpdate"));
  } else if (type != "OnDelete") {
    FieldError error{FieldError::Kind::kNotSupported,
                     "spec.updateStrategy",
                     {},
                     type,
                     {"RollingUpdate", "OnDelete"}};
    strange_strategy(error, type);
    checks.add({error});
  }
}

}  // namespace

FieldErrors validate_daemon_set(const json& object) {
  FieldChecks checks;
  const json& spec = spec_of(object);
  const json& selector = fields::at(spec, "selector");
  if (selector.is_object()) checks.label_selector("spec.selector", selector);
  check_selector_matches(checks, spec);
  if (selector.is_object() && selector.empty()) {
    checks.invalid("spec.selector", selector, "empty selector is invalid for daemonset");
  }
  check_endless_template(checks, spec, "DaemonSet");
  checks.not_negative(spec, "minReadySeconds", "spec");
  check_daemon_strategy(checks, spec);
  checks.not_negative(spec, "revisionHistoryLimit", "spec");
  return checks.take();
}

// ---- StatefulSet --------------------------------------------------------------------------------

namespace {

void check_stateful_strategy(FieldChecks& checks, const json& spec) {
  const json& strategy = fields::object(spec, "updateStrategy");
  const json& rolling = fields::at(strategy, "rollingUpdate");
  const std::string type = fields::text(strategy, "type");
  const std::string path = "spec.updateStrategy";
  if (type == "RollingUpdate") {
    checks.not_negative(rolling, "partition", path + ".rollingUpdate");
    return;
  }
  FieldError error{FieldError::Kind::kInvalid, path, {}, type, {}};
  if (type == "OnDelete") {
    if (!rolling.is_object()) return;
    error.field = path + ".rollingUpdate";
    error.detail = "only allowed for updateStrategy 'RollingUpdate'";
    error.shown =
        "{\"Partition\":" + fields::at(rolling, "partition").dump() + ",\"MaxUnavailable\":null}";
  } else {
    strange_strategy(error, type);
    error.detail = "must be 'RollingUpdate' or 'OnDelete'";
  }
  checks.add({error});
}

void check_claim_templates(FieldChecks& checks, const json& spec) {
  const json& claims = fields::list(spec, "volumeClaimTemplates");
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const std::string path = at_index("spec.volumeClaimTemplates", i) + ".spec";
    const json& claim = fields::object(claims[i], "spec");
    if (fields::list(claim, "accessModes").empty()) {
      checks.required(path + ".accessModes", "at least 1 access mode is required");
    }
    const json& requests = fields::object(fields::object(claim, "resources"), "requests");
    if (!requests.contains("storage")) checks.required(path + ".resources[storage]");
  }
}

/// The claims of the set are volumes that its containers may mount.
json with_claims(json spec) {
  const json claims = fields::list(spec, "volumeClaimTemplates");
  if (claims.empty()) return spec;
  json& pod = spec["template"]["spec"];
  if (!pod.is_object()) return spec;
  json volumes = json::array();
  const auto is_claim = [&](const std::string& name) {
    for (const json& claim : claims) {
      if (fields::text(fields::object(claim, "metadata"), "name") == name) return true;
    }
    return false;
  };
  for (const json& claim : claims) {
    const std::string name = fields::text(fields::object(claim, "metadata"), "name");
    volumes.push_back({{"name", name}, {"persistentVolumeClaim", {{"claimName", name}}}});
  }
  for (const json& volume : fields::list(pod, "volumes")) {
    if (!is_claim(fields::text(volume, "name"))) volumes.push_back(volume);
  }
  pod["volumes"] = std::move(volumes);
  return spec;
}

void check_retention(FieldChecks& checks, const json& spec) {
  const std::string path = "spec.persistentVolumeClaimRetentionPolicy";
  const json& policy = fields::at(spec, "persistentVolumeClaimRetentionPolicy");
  if (!policy.is_object()) return;
  for (const char* when : {"whenDeleted", "whenScaled"}) {
    const std::string value = fields::text(policy, when);
    if (value == "Retain" || value == "Delete") continue;
    checks.not_supported(path + "." + when, value, {"Retain", "Delete"});
  }
}

}  // namespace

FieldErrors validate_stateful_set(const json& object) {
  FieldChecks checks;
  const json& spec = spec_of(object);
  const std::string name = fields::text(fields::object(object, "metadata"), "name");
  if (name.find('.') != std::string::npos) {
    checks.invalid("metadata.name", name, "must not contain dots");
  }
  const std::string management = fields::text(spec, "podManagementPolicy");
  if (management != "OrderedReady" && management != "Parallel") {
    checks.invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'");
  }
  check_stateful_strategy(checks, spec);
  check_retention(checks, spec);
  checks.not_negative(spec, "replicas", "spec");
  checks.not_negative(spec, "minReadySeconds", "spec");
  checks.not_negative(fields::object(spec, "ordinals"), "start", "spec.ordinals");
  const std::string service = fields::text(spec, "serviceName");
  if (!service.empty()) {
    checks.rule("spec.serviceName", service, name_rules::dns_label(service));
  }
  if (check_own_selector(checks, spec, "statefulset")) {
    check_selector_matches(checks, spec);
    check_claim_templates(checks, spec);
    check_endless_template(checks, with_claims(spec), "StatefulSet");
  }
  return checks.take();
}

FieldErrors validate_stateful_set_update(const json& object, const json& old) {
  json kept = spec_of(object);
  for (const char* field :
       {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
    const json& before = fields::at(spec_of(old), field);
    if (before.is_null()) {
      kept.erase(field);
    } else {
      kept[field] = before;
    }
  }
  FieldChecks checks;
  if (kept != spec_of(old)) {
    checks.forbidden("spec",
                     "updates to statefulset spec for fields other than 'replicas', 'ordinals', "
                     "'template', 'updateStrategy', 'revisionHistoryLimit', "
                     "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
  }
  return checks.take();
}

// ---- ControllerRevision -------------------------------------------------------------------------

FieldErrors validate_controller_revision(const json& object) {
  FieldChecks checks;
  const auto revision = fields::number(object, "revision");
  if (revision && *revision < 0) checks.invalid("revision", *revision, kNotNegative);
  if (fields::at(object, "data").is_null()) checks.required("data", "data is mandatory");
  return checks.take();
}

FieldErrors validate_controller_revision_update(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(object, old, "data", "");
  return checks.take();
}

}  // namespace skerry::standalone
