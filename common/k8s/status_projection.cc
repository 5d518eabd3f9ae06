#include "common/k8s/status_projection.h"

#include <algorithm>
#include <array>

#include "common/base/assert.h"
#include "common/k8s/quantity.h"
#include "common/k8s/time.h"

namespace skerry::k8s {
namespace {

using Index = JsonTree::Index;
using Type = JsonTree::Type;
using Words = std::span<const std::string_view>;

// What kubelet, and so edged, writes into a PodStatus (k8s.io/api/core/v1, kubelet status manager).
constexpr std::array<std::string_view, 13> kPodFields = {"phase",
                                                         "reason",
                                                         "message",
                                                         "hostIP",
                                                         "hostIPs",
                                                         "podIP",
                                                         "podIPs",
                                                         "startTime",
                                                         "qosClass",
                                                         "conditions",
                                                         "initContainerStatuses",
                                                         "containerStatuses",
                                                         "ephemeralContainerStatuses"};
// Other condition types belong to others: the scheduler, the eviction API, readiness gates.
constexpr std::array<std::string_view, 4> kPodConditions = {
    "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"};
constexpr std::array<std::string_view, 5> kPodConditionFields = {"type", "status", "reason",
                                                                 "message", "lastTransitionTime"};
constexpr std::array<std::string_view, 3> kContainerLists = {
    "initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"};

constexpr std::array<std::string_view, 7> kNodeFields = {
    "conditions", "addresses", "capacity", "allocatable", "nodeInfo", "images", "daemonEndpoints"};
constexpr std::array<std::string_view, 4> kNodeConditions = {"Ready", "MemoryPressure",
                                                             "DiskPressure", "PIDPressure"};
// No times: lastHeartbeatTime moves with every heartbeat, and the cloud writes transition times
// too.
constexpr std::array<std::string_view, 4> kNodeConditionFields = {"type", "status", "reason",
                                                                  "message"};

constexpr std::array<std::string_view, 4> kTimeFields = {"startTime", "lastTransitionTime",
                                                         "startedAt", "finishedAt"};

bool contains(Words words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void keep_members(JsonTree& tree, Index object, Words wanted) {
  std::vector<Index> kept = tree.children(object);
  std::erase_if(kept, [&](Index child) { return !contains(wanted, tree.key(child)); });
  tree.set_children(object, kept);
}

/// The API server keeps lists in the order of whoever wrote them last.
void sort_items(JsonTree& tree, Index array, std::string_view by) {
  std::vector<Index> items = tree.children(array);
  std::stable_sort(items.begin(), items.end(),
                   [&](Index a, Index b) { return tree.string_at(a, by) < tree.string_at(b, by); });
  tree.set_children(array, items);
}

void project_conditions(JsonTree& tree, Index status, Words types, Words fields) {
  const auto conditions = tree.find(status, "conditions");
  if (!conditions || !tree.is_array(*conditions)) return;
  std::vector<Index> kept = tree.children(*conditions);
  std::erase_if(kept, [&](Index c) { return !contains(types, tree.string_at(c, "type")); });
  for (const Index condition : kept) keep_members(tree, condition, fields);
  tree.set_children(*conditions, kept);
  sort_items(tree, *conditions, "type");
}

/// Whatever Go's omitempty may leave out counts as absent, so that both sides agree.
bool is_empty(const JsonTree& tree, Index at) {
  switch (tree.type(at)) {
    case Type::kNull:
    case Type::kFalse:
      return true;
    case Type::kTrue:
      return false;
    case Type::kNumber:
      return tree.text(at) == "0";
    case Type::kString:
      return tree.text(at).empty();
    case Type::kArray:
    case Type::kObject:
      return tree.children(at).empty();
  }
  return false;
}

void to_whole_seconds(JsonTree& tree, Index at) {
  if (tree.type(at) != Type::kString || !contains(kTimeFields, tree.key(at))) return;
  if (const auto time = parse_time(tree.text(at))) tree.set_text(at, format_time(*time));
}

void drop_empty(JsonTree& tree, Index at) {
  to_whole_seconds(tree, at);
  std::vector<Index> kept = tree.children(at);
  for (const Index child : kept) drop_empty(tree, child);
  // Items of an array stay: their position may mean something.
  if (tree.is_object(at)) std::erase_if(kept, [&](Index c) { return is_empty(tree, c); });
  tree.set_children(at, kept);
}

/// The API server rewrites quantities: 1024Ki comes back as 1Mi.
void canonical_quantities(JsonTree& tree, Index status, std::string_view list) {
  const auto resources = tree.find(status, list);
  if (!resources || !tree.is_object(*resources)) return;
  for (const Index amount : tree.children(*resources)) {
    const auto quantity = parse_quantity(tree.text(amount));
    if (quantity) tree.set_text(amount, quantity->text());
  }
}

void project_pod(JsonTree& tree, Index status) {
  keep_members(tree, status, kPodFields);
  project_conditions(tree, status, kPodConditions, kPodConditionFields);
  for (const std::string_view list : kContainerLists) {
    const auto statuses = tree.find(status, list);
    if (statuses && tree.is_array(*statuses)) sort_items(tree, *statuses, "name");
  }
}

void project_node(JsonTree& tree, Index status) {
  keep_members(tree, status, kNodeFields);
  project_conditions(tree, status, kNodeConditions, kNodeConditionFields);
  canonical_quantities(tree, status, "capacity");
  canonical_quantities(tree, status, "allocatable");
}

}  // namespace

void project_status(Kind kind, JsonTree& tree, JsonTree::Index status) {
  SKERRY_ASSERT(info(kind).status_owner == StatusOwner::kEdge, "the edge owns no status here");
  if (kind == Kind::kPod) {
    project_pod(tree, status);
  } else {
    SKERRY_ASSERT(kind == Kind::kNode, "a kind whose status the edge owns has a projection");
    project_node(tree, status);
  }
  drop_empty(tree, status);
}

Result<std::string> status_projection(Kind kind, std::string_view status) {
  if (info(kind).status_owner != StatusOwner::kEdge) return std::string();
  auto tree = JsonTree::parse(status);
  if (!tree) return fail("status", tree.error());
  if (!tree->is_object(tree->root())) return fail(Code::kMalformed, "status is not an object");
  project_status(kind, *tree, tree->root());
  return tree->write(tree->root());
}

Result<StatusHash> status_hash(Kind kind, std::string_view status) {
  if (info(kind).status_owner != StatusOwner::kEdge) return StatusHash();
  auto projection = status_projection(kind, status);
  if (!projection) return fail(projection.error());
  return StatusHash(digest(*projection));
}

}  // namespace skerry::k8s
