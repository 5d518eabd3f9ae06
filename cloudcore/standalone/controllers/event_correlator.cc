#include "cloudcore/standalone/controllers/event_correlator.h"

#include <algorithm>

namespace skerry::standalone {

bool EventCorrelator::spend(const std::string& subject, WallTime now) {
  if (budgets_.size() >= kSubjectsMax && !budgets_.contains(subject)) budgets_.clear();
  const auto [entry, fresh] = budgets_.try_emplace(subject);
  Budget& budget = entry->second;
  if (fresh) budget.refilled = now;
  const auto periods = std::max<std::int64_t>(0, (now - budget.refilled) / kEventRefill);
  budget.left = static_cast<int>(std::min<std::int64_t>(kEventBurst, budget.left + periods));
  budget.refilled += periods * kEventRefill;
  if (budget.left == 0) return false;
  --budget.left;
  return true;
}

std::optional<EventCorrelator::Verdict> EventCorrelator::judge(const Happening& happening,
                                                               WallTime now) {
  const std::string group = happening.subject + "\n" + happening.type + "\n" + happening.reason;
  Verdict out{group + "\n" + happening.message, happening.message, {}, 1};
  if (alike_.size() >= kSubjectsMax && !alike_.contains(group)) alike_.clear();
  Alike& alike = alike_[group];
  if (now - alike.last > kAlikeWithin) alike.messages.clear();
  alike.last = now;
  if (alike.messages.size() >= kAlikeMax && !alike.messages.contains(happening.message)) {
    out.key = group;
    out.message = "(combined from similar events): " + happening.message;
  } else {
    alike.messages.insert(happening.message);
  }
  if (!spend(happening.subject, now)) return std::nullopt;
  const auto known = events_.find(out.key);
  if (known != events_.end()) {
    out.name = known->second.name;
    out.count = known->second.count + 1;
  }
  return out;
}

void EventCorrelator::noted(const std::string& key, const std::string& name, std::int64_t count) {
  const bool fresh = !events_.contains(key);
  events_[key] = {name, count};
  if (!fresh) return;
  order_.push_back(key);
  while (order_.size() > kEventsRememberedMax) {
    events_.erase(order_.front());
    order_.pop_front();
  }
}

}  // namespace skerry::standalone
