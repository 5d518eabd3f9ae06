// Which PersistentVolume a claim gets, and what both show for it. Pure.
// Source: pkg/controller/volume/persistentvolume, k8s.io/component-helpers/storage/volume, as
// behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

namespace skerry::standalone {

/// The claim has a volume, and both sides agreed.
bool is_bound(const nlohmann::json& claim);
/// Size, class, access modes, mode and selector suit, and nobody else has the volume.
bool can_bind(const nlohmann::json& volume, const nlohmann::json& claim);
/// The volume that was reserved for the claim, else the smallest that suits; nullptr: none.
const nlohmann::json* best_volume(const std::vector<nlohmann::json>& volumes,
                                  const nlohmann::json& claim);
/// spec.claimRef of a volume names this claim (and its uid, when it has one).
bool is_reserved_for(const nlohmann::json& volume, const nlohmann::json& claim);

}  // namespace skerry::standalone
