// Which session of each node counts. Pure. Source: design.md 4.9.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "common/base/ids.h"
#include "common/lane/message.h"

namespace skerry::cloudhub {

/// Owner: CloudHub. Thread: the control shard. Limit: one entry per node with a live session.
class SessionRegistry {
 public:
  struct Admitted {
    std::optional<Epoch>
        evict;  // end this one with Goodbye{kReplaced}; open after its writes ended
  };
  using Decision = std::variant<Admitted, lane::Goodbye>;

  explicit SessionRegistry(bool planted_cleanup_ignores_epoch = false)
      : cleanup_ignores_epoch_(planted_cleanup_ignores_epoch) {}

  Epoch next_epoch() { return Epoch(++last_epoch_); }

  /// A Hello of `node` with a valid certificate. Same store: the old session is evicted; another
  /// store while the old session lives: refused, to be audited.
  Decision admit(const NodeName& node, const StoreId& store, Epoch epoch);
  /// The session of this epoch is over. Touches nothing when a newer one took its place.
  /// True: it was the current one.
  bool forget(const NodeName& node, Epoch epoch);

  std::optional<Epoch> current(const NodeName& node) const;
  std::size_t size() const { return entries_.size(); }  // nodes with a session

 private:
  struct Entry {
    StoreId store;
    Epoch epoch;
  };
  std::map<NodeName, Entry> entries_;
  std::uint64_t last_epoch_ = 0;
  bool cleanup_ignores_epoch_;
};

}  // namespace skerry::cloudhub
