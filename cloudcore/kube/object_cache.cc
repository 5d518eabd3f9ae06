#include "cloudcore/kube/object_cache.h"

namespace skerry::kube {

bool ObjectCache::put(const k8s::ObjectPtr& object, CacheChange& change) {
  k8s::ObjectPtr& slot = objects_[object->key];
  if (slot && slot->resource_version >= object->resource_version) return false;
  change = {slot, object};
  slot = object;
  return true;
}

bool ObjectCache::erase(const k8s::ObjectPtr& last_state, CacheChange& change) {
  const auto found = objects_.find(last_state->key);
  if (found == objects_.end()) return false;
  if (found->second->resource_version > last_state->resource_version) return false;
  change = {found->second, nullptr};
  objects_.erase(found);
  return true;
}

namespace {

// The content too: after a restore a number may come back with other content.
bool same(const k8s::ObjectPtr& a, const k8s::ObjectPtr& b) {
  return a->resource_version == b->resource_version && a->uid == b->uid &&
         a->version == b->version && a->status_hash == b->status_hash;
}

}  // namespace

std::vector<CacheChange> ObjectCache::replace(const std::vector<k8s::ObjectPtr>& list) {
  std::map<k8s::ObjectKey, k8s::ObjectPtr> next;
  for (const k8s::ObjectPtr& object : list) {
    k8s::ObjectPtr& slot = next[object->key];
    if (!slot || slot->resource_version < object->resource_version) slot = object;
  }
  std::vector<CacheChange> changes;
  for (const auto& [key, before] : objects_) {
    if (!next.contains(key)) changes.push_back({before, nullptr});
  }
  for (auto& [key, after] : next) {
    const k8s::ObjectPtr before = find(key);
    if (before && same(before, after)) {
      after = before;  // unchanged: keep the bytes that others share already
      continue;
    }
    changes.push_back({before, after});
  }
  objects_ = std::move(next);
  return changes;
}

k8s::ObjectPtr ObjectCache::find(const k8s::ObjectKey& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

}  // namespace skerry::kube
