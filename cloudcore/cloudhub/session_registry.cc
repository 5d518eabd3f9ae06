#include "cloudcore/cloudhub/session_registry.h"

#include "common/base/assert.h"

namespace skerry::cloudhub {

SessionRegistry::Decision SessionRegistry::admit(const NodeName& node,
                                                 const StoreId& store,
                                                 Epoch epoch) {
  SKERRY_ASSERT(epoch.value() > 0, "an epoch comes from next_epoch()");
  const auto at = entries_.find(node);
  if (at == entries_.end()) {
    entries_.emplace(node, Entry{store, epoch});
    return Admitted{};
  }
  Entry& old = at->second;
  if (old.store != store) {
    return lane::Goodbye{lane::GoodbyeCode::kDuplicate,
                         "another edge with this node's certificate is connected; was its disk "
                         "copied? Run `edgecore reset` and join one of the two under another name",
                         {}};
  }
  // A Hello that was overtaken by a later one of the same store must not evict it.
  if (old.epoch > epoch) {
    return lane::Goodbye{lane::GoodbyeCode::kReplaced, "a newer connection took over", {}};
  }
  Admitted admitted{old.epoch};
  old.epoch = epoch;
  return admitted;
}

bool SessionRegistry::forget(const NodeName& node, Epoch epoch) {
  const auto at = entries_.find(node);
  if (at == entries_.end()) return false;
  if (at->second.epoch != epoch && !cleanup_ignores_epoch_) return false;
  entries_.erase(at);
  return true;
}

std::optional<Epoch> SessionRegistry::current(const NodeName& node) const {
  const auto at = entries_.find(node);
  if (at == entries_.end()) return std::nullopt;
  return at->second.epoch;
}

}  // namespace skerry::cloudhub
