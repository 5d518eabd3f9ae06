#include "cloudcore/standalone/controllers/pods.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

const json* ready_condition(const json& pod) {
  for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
    if (fields::text(each, "type") == "Ready" && fields::text(each, "status") == "True") {
      return &each;
    }
  }
  return nullptr;
}

std::string phase_of(const json& pod) {
  return fields::text(fields::object(pod, "status"), "phase");
}

}  // namespace

bool is_active(const json& pod) {
  const std::string phase = phase_of(pod);
  return phase != "Succeeded" && phase != "Failed" &&
         !fields::object(pod, "metadata").contains("deletionTimestamp");
}

bool is_ready(const json& pod) { return ready_condition(pod) != nullptr; }

std::optional<Duration> until_available(const json& pod, Duration min_ready, WallTime now) {
  const json* ready = ready_condition(pod);
  if (ready == nullptr) return std::nullopt;
  const WallTime since = fields::time(*ready, "lastTransitionTime");
  const auto left = since + min_ready - now;
  return left > Duration(0) ? std::chrono::duration_cast<Duration>(left) : Duration(0);
}

json controller_reference(const json& owner) {
  return {{"apiVersion", fields::text(owner, "apiVersion")},
          {"kind", fields::text(owner, "kind")},
          {"name", fields::text(fields::object(owner, "metadata"), "name")},
          {"uid", fields::text(fields::object(owner, "metadata"), "uid")},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

json pod_from_template(const json& owner, const json& pod_template) {
  const json& wanted = fields::object(pod_template, "metadata");
  json metadata = {{"generateName", fields::text(fields::object(owner, "metadata"), "name") + "-"},
                   {"namespace", fields::text(fields::object(owner, "metadata"), "namespace")},
                   {"ownerReferences", json::array({controller_reference(owner)})}};
  for (const char* field : {"labels", "annotations", "finalizers"}) {
    if (wanted.contains(field)) metadata[field] = wanted[field];
  }
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", std::move(metadata)},
          {"spec", fields::object(pod_template, "spec")}};
}

void sort_for_deletion(std::vector<json>& pods) {
  const auto rank = [](const json& pod) {
    const bool placed = !fields::text(fields::object(pod, "spec"), "nodeName").empty();
    const std::string phase = phase_of(pod);
    const int progress = phase == "Pending" || phase.empty() ? 0 : phase == "Running" ? 2 : 1;
    return std::tuple(placed, progress, is_ready(pod));
  };
  std::stable_sort(pods.begin(), pods.end(), [&](const json& a, const json& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return fields::time(fields::object(a, "metadata"), "creationTimestamp") >
           fields::time(fields::object(b, "metadata"), "creationTimestamp");
  });
}

}  // namespace skerry::standalone
