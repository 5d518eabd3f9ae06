#include "cloudcore/standalone/controllers/volume_claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

std::int64_t bytes(const json& quantity) {
  const auto read = k8s::parse_quantity(fields::text_or_number(quantity));
  return read ? read->value() : 0;
}

std::int64_t capacity(const json& volume) {
  return bytes(fields::at(fields::object(fields::object(volume, "spec"), "capacity"), "storage"));
}

bool has_all_modes(const json& volume_spec, const json& claim_spec) {
  const json& offered = fields::list(volume_spec, "accessModes");
  for (const json& each : fields::list(claim_spec, "accessModes")) {
    if (std::find(offered.begin(), offered.end(), each) == offered.end()) return false;
  }
  return true;
}

bool selected(const json& volume, const json& claim_spec) {
  const json& selector = fields::at(claim_spec, "selector");
  if (!selector.is_object()) return true;
  const auto read = k8s::LabelSelector::from_object(selector);
  return read && read->matches(fields::text_map(fields::object(volume, "metadata"), "labels"));
}

}  // namespace

bool is_bound(const json& claim) {
  const json& annotations = fields::object(fields::object(claim, "metadata"), "annotations");
  return !fields::text(fields::object(claim, "spec"), "volumeName").empty() &&
         annotations.contains("pv.kubernetes.io/bind-completed");
}

bool is_reserved_for(const json& volume, const json& claim) {
  const json& held_by = fields::object(fields::object(volume, "spec"), "claimRef");
  const json& metadata = fields::object(claim, "metadata");
  if (fields::text(held_by, "name") != fields::text(metadata, "name")) return false;
  if (fields::text(held_by, "namespace") != fields::text(metadata, "namespace")) return false;
  const std::string uid = fields::text(held_by, "uid");
  return uid.empty() || uid == fields::text(metadata, "uid");
}

bool can_bind(const json& volume, const json& claim) {
  const json& offered = fields::object(volume, "spec");
  const json& wanted = fields::object(claim, "spec");
  if (fields::object(volume, "metadata").contains("deletionTimestamp")) return false;
  if (offered.contains("claimRef") && !is_reserved_for(volume, claim)) return false;
  const std::string named = fields::text(wanted, "volumeName");
  if (!named.empty() && named != fields::text(fields::object(volume, "metadata"), "name")) {
    return false;
  }
  const std::string asked_mode = fields::text(wanted, "volumeMode", "Filesystem");
  if (fields::text(offered, "volumeMode", "Filesystem") != asked_mode) return false;
  const json& requests = fields::object(fields::object(wanted, "resources"), "requests");
  if (capacity(volume) < bytes(fields::at(requests, "storage"))) return false;
  if (!has_all_modes(offered, wanted)) return false;
  if (is_reserved_for(volume, claim)) return true;  // by hand: class and labels do not matter
  const std::string asked_class = fields::text(wanted, "storageClassName");
  return fields::text(offered, "storageClassName") == asked_class && selected(volume, wanted);
}

const json* best_volume(const std::vector<json>& volumes, const json& claim) {
  const json* best = nullptr;
  for (const json& each : volumes) {
    if (!can_bind(each, claim)) continue;
    if (is_reserved_for(each, claim)) return &each;
    if (best == nullptr || capacity(each) < capacity(*best)) best = &each;
  }
  return best;
}

}  // namespace skerry::standalone
