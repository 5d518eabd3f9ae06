#include "cloudcore/edgecontroller/desired_index.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::edgecontroller {
namespace {

DesiredChange put_change(const ObjectPtr& object) {
  return DesiredChange{object->key, object->uid, object, lane::RemoveReason::kDeleted};
}

DesiredChange remove_change(const ObjectKey& key, const Uid& uid, lane::RemoveReason reason) {
  return DesiredChange{key, uid, nullptr, reason};
}

}  // namespace

/// Of one name, whatever the uid: a fetch may be ahead of the watch by a deletion and a creation.
bool DesiredIndex::is_older(const ObjectPtr& candidate, const ObjectPtr& have) const {
  return have && candidate->resource_version < have->resource_version &&
         have->resource_version > accepted(have->key.kind);
}

ResourceVersion DesiredIndex::accepted(k8s::Kind kind) const {
  const auto found = accept_older_.find(kind);
  return found == accept_older_.end() ? ResourceVersion() : found->second;
}

void DesiredIndex::accept_older(k8s::Kind kind, ResourceVersion upto) {
  accept_older_[kind] = upto;
}

// ---- edge nodes ------------------------------------------------------------------------------

void DesiredIndex::put_node(ObjectPtr node, Changes& out) {
  const NodeName name(node->key.name);
  ObjectPtr& have = nodes_[name];
  if (is_older(node, have)) return;
  have = std::move(node);
  publish(have, name, out);
}

void DesiredIndex::remove_node(const NodeName& node, Changes& out) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return;
  out[node].push_back(
      remove_change(found->second->key, found->second->uid, lane::RemoveReason::kDeleted));
  nodes_.erase(found);
}

ObjectPtr DesiredIndex::node(const NodeName& node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? nullptr : found->second;
}

std::vector<NodeName> DesiredIndex::nodes() const {
  std::vector<NodeName> out;
  for (const auto& [name, unused] : nodes_) out.push_back(name);
  return out;
}

// ---- pods ------------------------------------------------------------------------------------

void DesiredIndex::put_pod(PodEntry pod, TimePoint now, Changes& out) {
  const ObjectKey key = pod.object->key;
  const auto found = pods_.find(key);
  std::optional<PodEntry> replaced;
  if (found != pods_.end()) {
    if (is_older(pod.object, found->second.object)) return;
    if (found->second.object->uid != pod.object->uid) replaced = found->second;
  }
  if (replaced) drop_users(*replaced, now);
  for (const ObjectKey& reference : pod.references) add_user(reference, pod, out);
  // Another uid under the same name: an edge that gets the new one ends the old one itself; one
  // that does not get it, or not yet, must be told.
  const bool told_by_new = replaced && replaced->node == pod.node && references_known(pod);
  if (replaced && !told_by_new && pods_of_[replaced->node].erase(key) > 0) {
    out[replaced->node].push_back(
        remove_change(key, replaced->object->uid, lane::RemoveReason::kDeleted));
  }
  pods_[key] = pod;
  if (!references_known(pod)) {
    held_.insert(key);
    return;
  }
  held_.erase(key);
  pods_of_[pod.node].insert(key);
  publish(pod.object, pod.node, out);
}

void DesiredIndex::remove_pod(const ObjectKey& key, const Uid& uid, TimePoint now, Changes& out) {
  const auto found = pods_.find(key);
  if (found == pods_.end() || found->second.object->uid != uid) return;
  const PodEntry gone = std::move(found->second);
  pods_.erase(found);
  held_.erase(key);
  drop_users(gone, now);
  if (pods_of_[gone.node].erase(key) > 0) {
    out[gone.node].push_back(remove_change(key, uid, lane::RemoveReason::kDeleted));
  }
}

const PodEntry* DesiredIndex::pod(const ObjectKey& key) const {
  const auto found = pods_.find(key);
  return found == pods_.end() ? nullptr : &found->second;
}

std::vector<ObjectPtr> DesiredIndex::pods() const {
  std::vector<ObjectPtr> out;
  for (const auto& [key, pod] : pods_) out.push_back(pod.object);
  return out;
}

// ---- references ------------------------------------------------------------------------------

void DesiredIndex::put_reference(ObjectPtr object, Changes& out) {
  const auto found = references_.find(object->key);
  if (found == references_.end()) return;  // no edge pod refers to it: its data is not kept
  Reference& reference = found->second;
  if (is_older(object, reference.object)) return;
  const bool in_list = accepted(object->key.kind) != ResourceVersion();
  if (!in_list && object->resource_version <= reference.deleted_at) return;
  const bool was_known = reference.knowledge != Knowledge::kUnknown;
  reference.deleted_at = {};
  reference.knowledge = Knowledge::kPresent;
  reference.object = std::move(object);
  for (const auto& [node, pods] : reference.users) publish(reference.object, node, out);
  for (const auto& [node, until] : reference.lingering) publish(reference.object, node, out);
  if (!was_known) reference_known(found->first, out);
}

void DesiredIndex::reference_absent(const ObjectKey& key, Changes& out) {
  const auto found = references_.find(key);
  if (found == references_.end()) return;
  Reference& reference = found->second;
  const bool was_known = reference.knowledge != Knowledge::kUnknown;
  reference.knowledge = Knowledge::kAbsent;
  if (const ObjectPtr gone = std::exchange(reference.object, nullptr)) {
    const DesiredChange change = remove_change(key, gone->uid, lane::RemoveReason::kDeleted);
    for (const auto& [node, pods] : reference.users) out[node].push_back(change);
    for (const auto& [node, until] : reference.lingering) out[node].push_back(change);
  }
  if (!was_known) reference_known(key, out);
}

void DesiredIndex::reference_deleted(const ObjectPtr& last_state, Changes& out) {
  const auto found = references_.find(last_state->key);
  if (found == references_.end()) return;
  const ObjectPtr& have = found->second.object;
  if (have && have->resource_version > last_state->resource_version) return;
  found->second.deleted_at = last_state->resource_version;
  reference_absent(last_state->key, out);
}

void DesiredIndex::reference_not_found(const ObjectKey& key, Changes& out) {
  const auto found = references_.find(key);
  if (found == references_.end() || found->second.knowledge != Knowledge::kUnknown) return;
  reference_absent(key, out);
}

void DesiredIndex::put_reference_list(k8s::Kind kind,
                                      const std::string& ns,
                                      const std::vector<ObjectPtr>& list,
                                      const std::set<ObjectKey>& untold,
                                      Changes& out) {
  std::set<ObjectKey> listed = untold;
  for (const ObjectPtr& object : list) {
    listed.insert(object->key);
    put_reference(object, out);
  }
  std::vector<ObjectKey> absent;
  for (const auto& [key, reference] : references_) {
    const bool in_scope = key.kind == kind && (ns.empty() || key.ns == ns);
    const bool fetched_later = accepted(kind) != ResourceVersion() && reference.object &&
                               reference.object->resource_version > accepted(kind);
    if (in_scope && !fetched_later && !listed.contains(key)) absent.push_back(key);
  }
  for (const ObjectKey& key : absent) reference_absent(key, out);
}

std::vector<ObjectKey> DesiredIndex::take_wanted() {
  std::vector<ObjectKey> out(wanted_.begin(), wanted_.end());
  wanted_.clear();
  return out;
}

std::set<std::string> DesiredIndex::reference_namespaces() const {
  std::set<std::string> out;
  for (const auto& [key, reference] : references_) out.insert(key.ns);
  return out;
}

void DesiredIndex::add_user(const ObjectKey& reference, const PodEntry& pod, Changes& out) {
  Reference& entry = references_[reference];
  if (entry.knowledge == Knowledge::kUnknown) wanted_.insert(reference);
  const bool new_to_node = !entry.users.contains(pod.node) && !entry.lingering.contains(pod.node);
  entry.users[pod.node].insert(pod.object->key);
  entry.lingering.erase(pod.node);
  if (new_to_node && entry.object) publish(entry.object, pod.node, out);
}

void DesiredIndex::drop_users(const PodEntry& pod, TimePoint now) {
  for (const ObjectKey& key : pod.references) {
    const auto found = references_.find(key);
    if (found == references_.end()) continue;
    auto& users = found->second.users;
    const auto at_node = users.find(pod.node);
    if (at_node == users.end()) continue;
    at_node->second.erase(pod.object->key);
    if (!at_node->second.empty()) continue;
    users.erase(at_node);
    found->second.lingering[pod.node] = now + kReferenceLinger;
  }
}

void DesiredIndex::reference_known(const ObjectKey& key, Changes& out) {
  wanted_.erase(key);
  release_held(out);
}

void DesiredIndex::release_held(Changes& out) {
  std::vector<ObjectKey> ready;
  for (const ObjectKey& key : held_) {
    if (references_known(pods_.at(key))) ready.push_back(key);
  }
  for (const ObjectKey& key : ready) {
    const PodEntry& pod = pods_.at(key);
    held_.erase(key);
    pods_of_[pod.node].insert(key);
    publish(pod.object, pod.node, out);
  }
}

bool DesiredIndex::references_known(const PodEntry& pod) const {
  return std::all_of(pod.references.begin(), pod.references.end(), [&](const ObjectKey& key) {
    const auto found = references_.find(key);
    return found != references_.end() && found->second.knowledge != Knowledge::kUnknown;
  });
}

void DesiredIndex::publish(const ObjectPtr& object, const NodeName& node, Changes& out) {
  SKERRY_ASSERT(object != nullptr, "nothing to publish");
  out[node].push_back(put_change(object));
}

// ---- time and whole sets ---------------------------------------------------------------------

void DesiredIndex::on_time(TimePoint now, Changes& out) {
  for (auto it = references_.begin(); it != references_.end();) {
    Reference& reference = it->second;
    std::erase_if(reference.lingering, [&](const auto& node_until) {
      if (node_until.second > now) return false;
      if (reference.object) {
        out[node_until.first].push_back(
            remove_change(it->first, reference.object->uid, lane::RemoveReason::kUnneeded));
      }
      return true;
    });
    const bool unused = reference.users.empty() && reference.lingering.empty();
    it = unused ? references_.erase(it) : std::next(it);
  }
}

std::optional<TimePoint> DesiredIndex::next_deadline() const {
  std::optional<TimePoint> first;
  for (const auto& [key, reference] : references_) {
    for (const auto& [node, until] : reference.lingering) {
      if (!first || until < *first) first = until;
    }
  }
  return first;
}

std::vector<ObjectPtr> DesiredIndex::desired(const NodeName& node) const {
  std::vector<ObjectPtr> out;
  if (const ObjectPtr self = this->node(node)) out.push_back(self);
  for (const auto& [key, reference] : references_) {
    const bool here = reference.users.contains(node) || reference.lingering.contains(node);
    if (here && reference.object) out.push_back(reference.object);
  }
  const auto pods = pods_of_.find(node);
  if (pods == pods_of_.end()) return out;
  for (const ObjectKey& key : pods->second) out.push_back(pods_.at(key).object);
  return out;
}

std::vector<PodReferences> DesiredIndex::incomplete_pods(const NodeName& node) const {
  std::vector<PodReferences> pods;
  for (const auto& [key, pod] : pods_) {
    if (pod.node != node) continue;
    PodReferences missing{key, {}, {}};
    for (const ObjectKey& reference : pod.references) {
      const auto found = references_.find(reference);
      const bool known = found != references_.end();
      if (!known || found->second.knowledge == Knowledge::kUnknown) {
        missing.unknown.push_back(reference);
      } else if (found->second.knowledge == Knowledge::kAbsent) {
        missing.absent.push_back(reference);
      }
    }
    if (!missing.unknown.empty() || !missing.absent.empty()) pods.push_back(std::move(missing));
  }
  return pods;
}

std::map<k8s::Kind, std::size_t> DesiredIndex::sizes() const {
  std::map<k8s::Kind, std::size_t> sizes = {{k8s::Kind::kNode, nodes_.size()},
                                            {k8s::Kind::kPod, pods_.size()},
                                            {k8s::Kind::kConfigMap, 0},
                                            {k8s::Kind::kSecret, 0}};
  for (const auto& [key, reference] : references_) {
    if (reference.object) ++sizes[key.kind];
  }
  return sizes;
}

std::set<ObjectKey> DesiredIndex::references_of(const NodeName& node) const {
  std::set<ObjectKey> keys;
  for (const auto& [key, pod] : pods_) {
    if (pod.node == node) keys.insert(pod.references.begin(), pod.references.end());
  }
  return keys;
}

}  // namespace skerry::edgecontroller
