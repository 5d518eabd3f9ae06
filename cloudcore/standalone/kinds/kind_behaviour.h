// What one kind does beyond what all kinds share: its defaults, what a create or update may not
// set, what is valid. A row of kind_behaviours.cc points at its functions; each family of kinds has
// a file in cloudcore/standalone/kinds. Pure: an object in, the same object or complaints out.
//
// Source: k8s.io/kubernetes/pkg/registry/*/strategy.go, pkg/apis/*/v1/defaults.go, validation.go:
// as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

struct KindBehaviour {
  std::string_view storage_prefix;
  /// metadata.generation counts changes of the spec.
  bool generation = false;
  /// A create or an update without a name, or with resourceVersion unset, is allowed to.
  bool create_on_update = false;
  bool unconditional_update = true;
  /// A create may bring a status (a Node's registration).
  bool status_on_create = false;

  void (*set_defaults)(nlohmann::json& object) = nullptr;
  /// Before a create is stored: after defaults, before validation. Sets initial status.
  void (*prepare_create)(nlohmann::json& object) = nullptr;
  /// Before an update through the main resource: restores what only others may change.
  void (*prepare_update)(nlohmann::json& object, const nlohmann::json& old) = nullptr;
  /// Before a write through a subresource that is a part of the object ("status", "approval"):
  /// restores what that part may not change. `object` has the wished status, and the old rest.
  void (*prepare_part)(nlohmann::json& object,
                       const nlohmann::json& old,
                       std::string_view part) = nullptr;
  FieldErrors (*validate)(const nlohmann::json& object) = nullptr;
  /// Beyond `validate`, what a create alone must keep.
  FieldErrors (*validate_create)(const nlohmann::json& object) = nullptr;
  FieldErrors (*validate_update)(const nlohmann::json& object, const nlohmann::json& old) = nullptr;
  /// Seconds between the mark and the end of a delete without options; 0: at once.
  int (*grace_seconds)(const nlohmann::json& object) = nullptr;
};

/// The row of a kind; one with nothing special for kinds that have none (custom resources).
const KindBehaviour& behaviour_of(std::string_view storage_prefix);

}  // namespace skerry::standalone
