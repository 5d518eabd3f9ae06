// Keys whose newest state one node has not been sent. Marking a key twice keeps one entry, so a
// slow node costs at most its number of objects. Owner: SessionDelivery. Thread: its shard. Source:
// design.md 4.4.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/k8s/object.h"

namespace skerry::cloudhub {

class DirtyKeys {
 public:
  enum class Verb : bool { kUpsert, kRemove };

  void mark(const k8s::ObjectKey& key, Verb verb);  // a later verb replaces the earlier one
  void clear(const k8s::ObjectKey& key);
  bool contains(const k8s::ObjectKey& key) const { return ranks_.contains(key); }
  bool empty() const { return order_.empty(); }
  std::size_t size() const { return order_.size(); }

  /// The first to leave: Removes of pods, then Upserts in kind order (references before pods), then
  /// Removes of references. `pods_too` false: pods' Upserts are passed over.
  std::optional<k8s::ObjectKey> first(bool pods_too = true) const;
  /// The first pod to be upserted that `fits`.
  template <class Fits>
  std::optional<k8s::ObjectKey> first_pod_upsert(const Fits& fits) const {
    const Rank rank = rank_of({k8s::Kind::kPod, {}, {}}, Verb::kUpsert);
    const k8s::ObjectKey lowest{k8s::Kind{}, {}, {}};
    for (auto at = order_.lower_bound({rank, lowest}); at != order_.end(); ++at) {
      if (at->first != rank) break;
      if (fits(at->second)) return at->second;
    }
    return std::nullopt;
  }

 private:
  using Rank = int;
  static Rank rank_of(const k8s::ObjectKey& key, Verb verb);

  std::set<std::pair<Rank, k8s::ObjectKey>> order_;
  std::map<k8s::ObjectKey, Rank> ranks_;
};

}  // namespace skerry::cloudhub
