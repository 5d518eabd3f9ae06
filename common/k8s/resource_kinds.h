// One row per kind: the only place that spells a kind, its path, what of it is cut and where it
// goes. A new kind is one row here plus its handler.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace skerry::k8s {

enum class Kind : std::uint8_t {
  // In the order in which keys leave on the link: references before dependents.
  kNode,
  kConfigMap,
  kSecret,
  kPod,
  // Never sent down.
  kNamespace,
  kServiceAccount,
  kLease,
  kEvent,
  kCount,
};

enum class StatusOwner : std::uint8_t {
  kNone,  // no status, or it is content like everything else
  kEdge,  // status and resourceVersion are cut from the content; the edge reports the status
};

struct KindInfo {
  Kind kind;
  std::string_view wire;         // word on the lane, in the store and in `edgecore get`
  std::string_view api_version;  // "v1", "apps/v1"
  std::string_view kind_name;    // "Pod"
  std::string_view plural;       // "pods"
  bool namespaced;
  StatusOwner status_owner;
  bool stored_at_edge;
};

const KindInfo& info(Kind kind);
std::span<const KindInfo> kinds();
std::optional<Kind> kind_from_wire(std::string_view wire);

/// "/api/v1/namespaces/NS/pods/NAME"; an empty ns spells the cluster-wide collection, an empty name
/// the collection.
std::string api_path(Kind kind, std::string_view ns, std::string_view name);

}  // namespace skerry::k8s
