#include "cloudcore/cloudhub/dirty_keys.h"

namespace skerry::cloudhub {
namespace {
constexpr int kPodRemoves = 0;
constexpr int kUpserts = 1;  // + the kind's place in the table
constexpr int kPodUpserts = kUpserts + static_cast<int>(k8s::Kind::kPod);
constexpr int kReferenceRemoves = kUpserts + static_cast<int>(k8s::Kind::kCount);
}  // namespace

DirtyKeys::Rank DirtyKeys::rank_of(const k8s::ObjectKey& key, Verb verb) {
  if (verb == Verb::kUpsert) return kUpserts + static_cast<int>(key.kind);
  return key.kind == k8s::Kind::kPod ? kPodRemoves : kReferenceRemoves;
}

void DirtyKeys::mark(const k8s::ObjectKey& key, Verb verb) {
  const Rank rank = rank_of(key, verb);
  const auto [at, fresh] = ranks_.try_emplace(key, rank);
  if (!fresh) {
    if (at->second == rank) return;
    order_.erase({at->second, key});
    at->second = rank;
  }
  order_.emplace(rank, key);
}

void DirtyKeys::clear(const k8s::ObjectKey& key) {
  const auto at = ranks_.find(key);
  if (at == ranks_.end()) return;
  order_.erase({at->second, key});
  ranks_.erase(at);
}

std::optional<k8s::ObjectKey> DirtyKeys::first(bool pods_too) const {
  auto at = order_.begin();
  if (!pods_too && at != order_.end() && at->first >= kPodUpserts) {
    at = order_.lower_bound({kPodUpserts + 1, k8s::ObjectKey{k8s::Kind{}, {}, {}}});
  }
  if (at == order_.end()) return std::nullopt;
  return at->second;
}

}  // namespace skerry::cloudhub
