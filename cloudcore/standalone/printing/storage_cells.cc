// Volumes and what provides them.
#include <algorithm>

#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

std::string access_modes(const json& holder) {
  constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {"ReadWriteOnce", "RWO"},
      {"ReadOnlyMany", "ROX"},
      {"ReadWriteMany", "RWX"},
      {"ReadWriteOncePod", "RWOP"},
  };
  const std::vector<std::string> modes = fields::texts(holder, "accessModes");
  std::vector<std::string> out;
  for (const auto& [mode, text] : kShort) {
    if (std::find(modes.begin(), modes.end(), mode) != modes.end()) out.emplace_back(text);
  }
  return cell::joined(out);
}

std::string capacity(const json& holder) {
  return fields::text_or_number(fields::at(fields::object(holder, "capacity"), "storage"));
}

std::string phase(const json& object) {
  if (!fields::text(cell::metadata(object), "deletionTimestamp").empty()) return "Terminating";
  return fields::text(cell::status(object), "phase");
}

std::string storage_class(const json& object) {
  const std::string old = fields::text(fields::object(cell::metadata(object), "annotations"),
                                       "volume.beta.kubernetes.io/storage-class");
  return old.empty() ? fields::text(cell::spec(object), "storageClassName") : old;
}

std::string spec_or_unset(const json& object, std::string_view key) {
  return fields::text(cell::spec(object), key, "<unset>");
}

Cells volume_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const json& claim = fields::at(spec, "claimRef");
  return {cell::name(object),
          capacity(spec),
          access_modes(spec),
          fields::text(spec, "persistentVolumeReclaimPolicy"),
          phase(object),
          claim.is_object() ? fields::text(claim, "namespace") + "/" + fields::text(claim, "name")
                            : std::string(),
          storage_class(object),
          spec_or_unset(object, "volumeAttributesClassName"),
          fields::text(cell::status(object), "reason"),
          cell::age(object, now),
          spec_or_unset(object, "volumeMode")};
}

Cells claim_cells(const json& object, WallTime now) {
  const json& status = cell::status(object);
  const std::string volume = fields::text(cell::spec(object), "volumeName");
  return {cell::name(object),
          phase(object),
          volume,
          volume.empty() ? std::string() : capacity(status),
          volume.empty() ? std::string() : access_modes(status),
          storage_class(object),
          spec_or_unset(object, "volumeAttributesClassName"),
          cell::age(object, now),
          spec_or_unset(object, "volumeMode")};
}

Cells storage_class_cells(const json& object, WallTime now) {
  const json& annotations = fields::object(cell::metadata(object), "annotations");
  const bool chosen =
      fields::text(annotations, "storageclass.kubernetes.io/is-default-class") == "true" ||
      fields::text(annotations, "storageclass.beta.kubernetes.io/is-default-class") == "true";
  return {cell::name(object) + (chosen ? " (default)" : ""),
          fields::text(object, "provisioner"),
          fields::text(object, "reclaimPolicy", "Delete"),
          fields::text(object, "volumeBindingMode", "Immediate"),
          fields::flag(object, "allowVolumeExpansion"),
          cell::age(object, now)};
}

Cells driver_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  std::vector<std::string> audiences;
  for (const json& each : fields::list(spec, "tokenRequests")) {
    audiences.push_back(fields::text(each, "audience"));
  }
  return {cell::name(object),
          fields::flag(spec, "attachRequired", true),
          fields::flag(spec, "podInfoOnMount"),
          fields::flag(spec, "storageCapacity"),
          audiences.empty() ? "<unset>" : cell::joined(audiences),
          fields::flag(spec, "requiresRepublish"),
          cell::or_none(cell::joined(fields::texts(spec, "volumeLifecycleModes"))),
          cell::age(object, now)};
}

Cells csi_node_cells(const json& object, WallTime now) {
  return {cell::name(object), fields::list(cell::spec(object), "drivers").size(),
          cell::age(object, now)};
}

Cells attachment_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  return {cell::name(object),
          fields::text(spec, "attacher"),
          fields::text(fields::object(spec, "source"), "persistentVolumeName"),
          fields::text(spec, "nodeName"),
          fields::flag(cell::status(object), "attached"),
          cell::age(object, now)};
}

}  // namespace

const std::vector<KindPrinter>& storage_printers() {
  static const std::vector<KindPrinter> rows = {
      {"persistentvolumes",
       "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass "
       "Reason Age | VolumeMode",
       volume_cells},
      {"persistentvolumeclaims",
       "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age | "
       "VolumeMode",
       claim_cells},
      {"storageclasses.storage.k8s.io",
       "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
       storage_class_cells},
      {"csidrivers.storage.k8s.io",
       "Name AttachRequired:boolean PodInfoOnMount:boolean StorageCapacity:boolean TokenRequests "
       "RequiresRepublish:boolean Modes Age",
       driver_cells},
      {"csinodes.storage.k8s.io", "Name Drivers:integer Age", csi_node_cells},
      {"volumeattachments.storage.k8s.io", "Name Attacher:name PV Node Attached:boolean Age",
       attachment_cells},
  };
  return rows;
}

}  // namespace skerry::standalone
