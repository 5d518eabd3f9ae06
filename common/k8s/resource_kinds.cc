#include "common/k8s/resource_kinds.h"

#include <iterator>

#include "common/base/assert.h"

namespace skerry::k8s {
namespace {

constexpr KindInfo kKinds[] = {
    // kind                  wire              apiVersion                kind name         plural
    //                       namespaced  status owner         stored at edge
    {Kind::kNode, "node", "v1", "Node", "nodes", false, StatusOwner::kEdge, true},
    {Kind::kConfigMap, "configmap", "v1", "ConfigMap", "configmaps", true, StatusOwner::kNone,
     true},
    {Kind::kSecret, "secret", "v1", "Secret", "secrets", true, StatusOwner::kNone, true},
    {Kind::kPod, "pod", "v1", "Pod", "pods", true, StatusOwner::kEdge, true},
    {Kind::kNamespace, "namespace", "v1", "Namespace", "namespaces", false, StatusOwner::kNone,
     false},
    {Kind::kServiceAccount, "serviceaccount", "v1", "ServiceAccount", "serviceaccounts", true,
     StatusOwner::kNone, false},
    {Kind::kLease, "lease", "coordination.k8s.io/v1", "Lease", "leases", true, StatusOwner::kNone,
     false},
    {Kind::kEvent, "event", "v1", "Event", "events", true, StatusOwner::kNone, false},
};
static_assert(std::size(kKinds) == std::size_t(Kind::kCount));

}  // namespace

const KindInfo& info(Kind kind) {
  SKERRY_ASSERT(kind < Kind::kCount, "unknown kind");
  const KindInfo& row = kKinds[static_cast<std::size_t>(kind)];
  SKERRY_ASSERT(row.kind == kind, "kind table out of order");
  return row;
}

std::span<const KindInfo> kinds() { return kKinds; }

std::optional<Kind> kind_from_wire(std::string_view wire) {
  for (const KindInfo& row : kKinds) {
    if (row.wire == wire) return row.kind;
  }
  return std::nullopt;
}

std::string api_path(Kind kind, std::string_view ns, std::string_view name) {
  const KindInfo& row = info(kind);
  const bool core = row.api_version.find('/') == std::string_view::npos;
  std::string path = core ? "/api/" : "/apis/";
  path += row.api_version;
  if (row.namespaced && !ns.empty()) (path += "/namespaces/") += ns;
  (path += '/') += row.plural;
  if (!name.empty()) (path += '/') += name;
  return path;
}

}  // namespace skerry::k8s
