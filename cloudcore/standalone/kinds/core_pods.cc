// Pod.
#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kPodGraceSeconds = 30;
constexpr const char* kUpdateRule =
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)";

// ---- quality of service -------------------------------------------------------------------------

/// cpu and memory of a container, in thousandths; what is zero does not count.
std::map<std::string, std::int64_t> counted(const json& list) {
  std::map<std::string, std::int64_t> out;
  for (const char* name : {"cpu", "memory"}) {
    const auto parsed = k8s::parse_quantity(fields::text_or_number(fields::at(list, name)));
    if (parsed && parsed->milli_value() > 0) out[name] = parsed->milli_value();
  }
  return out;
}

/// Source: pkg/apis/core/helper/qos.
const char* qos_class(const json& spec) {
  bool anything = false;
  bool guaranteed = true;
  for (const char* key : {"containers", "initContainers"}) {
    for (const json& container : fields::list(spec, key)) {
      const json& resources = fields::object(container, "resources");
      const auto requests = counted(fields::object(resources, "requests"));
      const auto limits = counted(fields::object(resources, "limits"));
      anything = anything || !requests.empty() || !limits.empty();
      guaranteed = guaranteed && limits.size() == 2 && requests == limits;
    }
  }
  if (!anything) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

// ---- create -------------------------------------------------------------------------------------

void pod_create(json& object) {
  const json& spec = fields::object(object, "spec");
  json status = {{"phase", "Pending"}, {"qosClass", qos_class(spec)}};
  if (!fields::list(spec, "schedulingGates").empty()) {
    status["conditions"] = json::array(
        {{{"type", "PodScheduled"},
          {"status", "False"},
          {"reason", "SchedulingGated"},
          {"message", "Scheduling is blocked due to non-empty scheduling gates"},
          {"lastProbeTime", nullptr},
          {"lastTransitionTime", fields::text(object["metadata"], "creationTimestamp")}}});
  }
  object["status"] = std::move(status);
}

FieldErrors pod_validate(const json& object) {
  return validate_pod_spec(fields::object(object, "spec"), "spec");
}

FieldErrors pod_validate_create(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  for (const std::string key : {"containers", "initContainers"}) {
    const json& containers = fields::list(spec, key);
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const std::string image = fields::text(containers[i], "image");
      if (image.empty() || (std::isspace(static_cast<unsigned char>(image.front())) == 0 &&
                            std::isspace(static_cast<unsigned char>(image.back())) == 0)) {
        continue;
      }
      checks.invalid(at_index("spec." + key, i) + ".image", image,
                     "must not have leading or trailing whitespace");
    }
  }
  if (!fields::list(spec, "ephemeralContainers").empty()) {
    checks.forbidden("spec.ephemeralContainers", "cannot be set on create");
  }
  return checks.take();
}

// ---- update -------------------------------------------------------------------------------------

void check_deadline(const json& spec, const json& former, FieldChecks& checks) {
  const auto now = fields::number(spec, "activeDeadlineSeconds");
  const auto before = fields::number(former, "activeDeadlineSeconds");
  if (!before) return;
  if (!now) {
    checks.invalid("spec.activeDeadlineSeconds", nullptr,
                   "must not update from a positive integer to nil value");
  } else if (*now > *before) {
    checks.invalid("spec.activeDeadlineSeconds", *now,
                   "must be less than or equal to previous value");
  }
}

void check_gates_only_go(const json& spec, const json& former, FieldChecks& checks) {
  std::set<std::string> before;
  for (const json& gate : fields::list(former, "schedulingGates")) {
    before.insert(fields::text(gate, "name"));
  }
  const json& gates = fields::list(spec, "schedulingGates");
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const std::string name = fields::text(gates[i], "name");
    if (before.contains(name)) continue;
    checks.forbidden(at_index("spec.schedulingGates", i) + ".name",
                     "only deletion is allowed, but found new scheduling gate '" + name + "'");
  }
}

/// A toleration may be added; of those that are there only the time may change.
void check_tolerations_only_come(const json& spec, const json& former, FieldChecks& checks) {
  const auto without_time = [](json toleration) {
    toleration.erase("tolerationSeconds");
    return toleration;
  };
  const json& now = fields::list(spec, "tolerations");
  for (const json& each : fields::list(former, "tolerations")) {
    const bool there = std::any_of(now.begin(), now.end(), [&](const json& other) {
      return without_time(other) == without_time(each);
    });
    if (there) continue;
    checks.forbidden("spec.tolerations",
                     "existing toleration can not be modified except its tolerationSeconds");
    return;
  }
}

/// `spec` with what an update may change as it was before.
json with_former(json spec, const json& former) {
  for (const char* key : {"containers", "initContainers"}) {
    const json& before = fields::list(former, key);
    for (std::size_t i = 0; i < before.size() && i < fields::list(spec, key).size(); ++i) {
      spec[key][i]["image"] = fields::text(before[i], "image");
    }
  }
  for (const char* key : {"activeDeadlineSeconds", "tolerations", "schedulingGates"}) {
    spec.erase(key);
    if (former.contains(key)) spec[key] = former[key];
  }
  const std::int64_t grace = fields::number(former, "terminationGracePeriodSeconds").value_or(0);
  if (grace < 0 && fields::number(spec, "terminationGracePeriodSeconds") == 1) {
    spec["terminationGracePeriodSeconds"] = grace;
  }
  // While it waits for its gates, a pod may still be told where to go.
  if (!fields::list(former, "schedulingGates").empty()) {
    for (const char* key : {"nodeSelector", "affinity"}) {
      if (former.contains(key))
        spec[key] = former[key];
      else
        spec.erase(key);
    }
  }
  return spec;
}

/// Ephemeral containers and what admission computed stay, whatever a client sends.
void pod_update(json& object, const json& old) {
  const json& former = fields::object(old, "spec");
  json& spec = object["spec"];
  for (const char* key : {"ephemeralContainers", "priority", "preemptionPolicy"}) {
    if (!spec.contains(key) && former.contains(key)) spec[key] = former[key];
  }
}

FieldErrors pod_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  json as_now = old;  // what was stored before a default existed has it too
  default_pod(as_now);
  const json& former = fields::object(as_now, "spec");
  for (const std::string key : {"containers", "initContainers"}) {
    if (fields::list(spec, key).size() == fields::list(former, key).size()) continue;
    checks.forbidden("spec." + key, key == "containers"
                                        ? "pod updates may not add or remove containers"
                                        : "pod updates may not add or remove init containers");
    return checks.take();
  }
  check_deadline(spec, former, checks);
  check_tolerations_only_come(spec, former, checks);
  check_gates_only_go(spec, former, checks);
  if (with_former(spec, former) != former) checks.forbidden("spec", kUpdateRule);
  return checks.take();
}

/// A pod that runs nowhere, or that has ended, needs no time.
int pod_grace(const json& object) {
  const std::string phase = fields::text(fields::object(object, "status"), "phase");
  const bool bound = !fields::text(fields::object(object, "spec"), "nodeName").empty();
  if (!bound || phase == "Succeeded" || phase == "Failed") return 0;
  return fields::small_number(fields::object(object, "spec"), "terminationGracePeriodSeconds",
                              kPodGraceSeconds);
}

}  // namespace

std::vector<KindBehaviour> pod_rows() {
  KindBehaviour pods;
  pods.storage_prefix = "pods";
  pods.generation = true;
  pods.set_defaults = default_pod;
  pods.prepare_create = pod_create;
  pods.prepare_update = pod_update;
  pods.validate = pod_validate;
  pods.validate_create = pod_validate_create;
  pods.validate_update = pod_validate_update;
  pods.grace_seconds = pod_grace;
  return {pods};
}

}  // namespace skerry::standalone
