// When each node's lease is renewed. Pure: nodes and time in, the next renewal out.
// Source: design.md 4.11.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/base/ids.h"
#include "common/base/units.h"

namespace skerry::edgecontroller {

/// A node is due at once when it comes and every kNodeLeaseRenewInterval after. When many come
/// together they follow each other at a pace that has all of them renewed within kSpread, so that
/// a fleet's return is no burst of writes, and stays spread from then on.
/// Owner: NodeLeases. Thread: control shard. Size: nodes with a session.
class LeaseSchedule {
 public:
  static constexpr Duration kSpread = kNodeLeaseRenewInterval / 2;
  static constexpr Duration kGapMax = std::chrono::milliseconds(10);

  struct Due {
    NodeName node;
    Uid uid;
  };

  void add(const NodeName& node, Uid uid, TimePoint now);
  void remove(const NodeName& node);
  /// The next node to renew now, if there is one; it is then due again an interval later.
  std::optional<Due> take(TimePoint now);
  /// When take() has something, as far as is known now.
  TimePoint next() const;

 private:
  struct Entry {
    Uid uid;
    TimePoint due;
  };

  std::map<NodeName, Entry> nodes_;
  std::set<std::pair<TimePoint, NodeName>> order_;
  TimePoint paced_until_{};
};

}  // namespace skerry::edgecontroller
