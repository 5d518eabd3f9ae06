#include "cloudcore/standalone/controllers/work_queue.h"

#include <algorithm>

namespace skerry::standalone {

void WorkQueue::add(const std::string& key, TimePoint when) {
  const auto found = due_.find(key);
  if (found != due_.end()) {
    if (found->second <= when) return;
    order_.erase({found->second, key});
  }
  due_[key] = when;
  order_.emplace(when, key);
}

void WorkQueue::retry(const std::string& key, TimePoint now) {
  const int doublings = std::min(failures_[key]++, 14);
  const Duration delay = std::min<Duration>(kRetryDelayFirst * (1 << doublings), kRetryDelayLast);
  add(key, now + delay);
}

std::optional<std::string> WorkQueue::take(TimePoint now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  std::string key = order_.begin()->second;
  order_.erase(order_.begin());
  due_.erase(key);
  return key;
}

TimePoint WorkQueue::next_due() const {
  return order_.empty() ? TimePoint::max() : order_.begin()->first;
}

}  // namespace skerry::standalone
