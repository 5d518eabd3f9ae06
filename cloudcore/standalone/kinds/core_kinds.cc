// Kinds of the core group, Lease and Event.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kPodGraceSeconds = 30;

void namespace_create(json& object) {
  object["spec"]["finalizers"] = json::array({"kubernetes"});
  object["status"] = {{"phase", "Active"}};
  // Selectors of other namespaces find it by this label.
  object["metadata"]["labels"]["kubernetes.io/metadata.name"] = object["metadata"]["name"];
}

void namespace_update(json& object, const json& old) {
  object["spec"]["finalizers"] = fields::list(fields::object(old, "spec"), "finalizers");
}

void pod_create(json& object) { object["status"] = {{"phase", "Pending"}}; }

FieldErrors pod_validate(const json& object) {
  return validate_pod_spec(fields::object(object, "spec"), "spec");
}

/// A pod that runs nowhere, or that has ended, needs no time.
int pod_grace(const json& object) {
  const std::string phase = fields::text(fields::object(object, "status"), "phase");
  const bool bound = !fields::text(fields::object(object, "spec"), "nodeName").empty();
  if (!bound || phase == "Succeeded" || phase == "Failed") return 0;
  return fields::small_number(fields::object(object, "spec"), "terminationGracePeriodSeconds",
                              kPodGraceSeconds);
}

KindBehaviour row(std::string_view prefix) {
  KindBehaviour out;
  out.storage_prefix = prefix;
  return out;
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows;
  KindBehaviour namespaces = row("namespaces");
  namespaces.prepare_create = namespace_create;
  namespaces.prepare_update = namespace_update;
  rows.push_back(namespaces);
  KindBehaviour pods = row("pods");
  pods.generation = true;
  pods.set_defaults = default_pod;
  pods.prepare_create = pod_create;
  pods.validate = pod_validate;
  pods.grace_seconds = pod_grace;
  rows.push_back(pods);
  for (const std::string_view prefix :
       {"nodes", "configmaps", "secrets", "serviceaccounts", "services", "persistentvolumes",
        "persistentvolumeclaims"}) {
    rows.push_back(row(prefix));
  }
  for (const std::string_view prefix : {"endpoints", "events"}) {
    KindBehaviour created = row(prefix);
    created.create_on_update = true;
    rows.push_back(created);
  }
  return rows;
}

}  // namespace

std::span<const KindBehaviour> core_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone
