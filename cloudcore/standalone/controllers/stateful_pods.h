// A StatefulSet's Pods and their claims: names by ordinal, what they look like, and who owns a
// claim. Pure. Source: pkg/controller/statefulset/stateful_set_utils.go, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace skerry::standalone {

inline constexpr const char* kStatefulRevisionLabel = "controller-revision-hash";

/// "web-3" of set "web": 3; nothing: the Pod is not called after the set.
std::optional<std::int64_t> ordinal_of(const std::string& set, const std::string& pod);
std::int64_t first_ordinal(const nlohmann::json& set);
/// Within the set's present size.
bool is_in_range(const nlohmann::json& set, std::int64_t ordinal);

/// The Pod of an ordinal by a template, labelled as being of the revision `revision` (its name).
nlohmann::json stateful_pod(const nlohmann::json& set,
                            const nlohmann::json& pod_template,
                            const std::string& revision,
                            std::int64_t ordinal);
/// The claims of an ordinal.
std::vector<nlohmann::json> stateful_claims(const nlohmann::json& set, std::int64_t ordinal);
std::string claim_name(const nlohmann::json& set,
                       const nlohmann::json& claim_template,
                       std::int64_t ordinal);

/// The owners that a claim should have by spec.persistentVolumeClaimRetentionPolicy; nothing: those
/// it has. `pod`: that of its ordinal.
std::optional<nlohmann::json> claim_owners(const nlohmann::json& set,
                                           const nlohmann::json& pod,
                                           const nlohmann::json& claim);

}  // namespace skerry::standalone
