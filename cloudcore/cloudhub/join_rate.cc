#include "cloudcore/cloudhub/join_rate.h"

#include <algorithm>

namespace skerry::cloudhub {

JoinRate::JoinRate(Limits limits) : limits_(limits) { all_.tokens = limits_.all_per_second; }

bool JoinRate::Bucket::take(double per_second, TimePoint now) {
  if (now > filled) {
    const double seconds = std::chrono::duration<double>(now - filled).count();
    tokens = std::min(per_second, tokens + seconds * per_second);  // a burst of one second's worth
    filled = now;
  }
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

bool JoinRate::take(const std::string& name, TimePoint now) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= limits_.names_max) make_room();
    found = buckets_.emplace(name, Bucket{limits_.per_name_per_second, now}).first;
  }
  // The name's own bucket first: what one address is refused costs the others nothing.
  return found->second.take(limits_.per_name_per_second, now) &&
         all_.take(limits_.all_per_second, now);
}

void JoinRate::make_room() {
  const auto oldest = std::min_element(
      buckets_.begin(), buckets_.end(),
      [](const auto& a, const auto& b) { return a.second.filled < b.second.filled; });
  if (oldest != buckets_.end()) buckets_.erase(oldest);
}

}  // namespace skerry::cloudhub
