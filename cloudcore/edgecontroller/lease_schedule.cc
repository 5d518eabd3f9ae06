#include "cloudcore/edgecontroller/lease_schedule.h"

#include <algorithm>

namespace skerry::edgecontroller {

void LeaseSchedule::add(const NodeName& node, Uid uid, TimePoint now) {
  remove(node);
  nodes_[node] = {std::move(uid), now};
  order_.emplace(now, node);
}

void LeaseSchedule::remove(const NodeName& node) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return;
  order_.erase({found->second.due, node});
  nodes_.erase(found);
}

std::optional<LeaseSchedule::Due> LeaseSchedule::take(TimePoint now) {
  if (now < next()) return std::nullopt;
  const NodeName node = order_.begin()->second;
  order_.erase(order_.begin());
  Entry& entry = nodes_.at(node);
  entry.due = now + kNodeLeaseRenewInterval;
  order_.emplace(entry.due, node);
  const auto nodes = static_cast<Duration::rep>(nodes_.size());
  paced_until_ = now + std::min(kGapMax, kSpread / nodes);
  return Due{node, entry.uid};
}

TimePoint LeaseSchedule::next() const {
  if (order_.empty()) return TimePoint::max();
  return std::max(order_.begin()->first, paced_until_);
}

}  // namespace skerry::edgecontroller
