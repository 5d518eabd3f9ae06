// The newest known version of each object of a selection.
#pragma once

#include <map>
#include <vector>

#include "common/k8s/object.h"

namespace skerry::kube {

/// One step of a cache. A null `before`: new; a null `after`: gone.
struct CacheChange {
  k8s::ObjectPtr before;
  k8s::ObjectPtr after;
};

/// Owner: a controller. Thread: the control loop. Limit: the number of objects of the selection.
class ObjectCache {
 public:
  /// Keeps the object when it is newer than the one it has. Nothing to do: false.
  bool put(const k8s::ObjectPtr& object, CacheChange& change);
  /// Forgets the object, unless the cached one is newer than the deletion.
  bool erase(const k8s::ObjectPtr& last_state, CacheChange& change);
  /// A whole list takes the place of everything; the differences, removals first.
  std::vector<CacheChange> replace(const std::vector<k8s::ObjectPtr>& list);

  k8s::ObjectPtr find(const k8s::ObjectKey& key) const;  // null: not known
  std::size_t size() const { return objects_.size(); }
  const std::map<k8s::ObjectKey, k8s::ObjectPtr>& objects() const { return objects_; }

 private:
  std::map<k8s::ObjectKey, k8s::ObjectPtr> objects_;
};

}  // namespace skerry::kube
