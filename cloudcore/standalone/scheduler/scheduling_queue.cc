#include "cloudcore/standalone/scheduler/scheduling_queue.h"

#include <algorithm>
#include <vector>

namespace skerry::standalone {

void SchedulingQueue::add(const std::string& key, std::int64_t priority, TimePoint now) {
  const auto [found, fresh] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (!fresh && entry.place == Place::kTaken) {
    entry.missed = ~0U;
    return;
  }
  if (!fresh) leave(key, entry);
  if (fresh) entry.since = now;
  entry.priority = priority;
  activate(key, entry);
}

void SchedulingQueue::remove(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  leave(key, found->second);
  entries_.erase(found);
}

std::optional<std::string> SchedulingQueue::take(TimePoint now) {
  mature(now);
  if (active_.empty()) return std::nullopt;
  std::string key = std::get<2>(*active_.begin());
  Entry& entry = entries_.at(key);
  leave(key, entry);
  entry.place = Place::kTaken;
  taken_.insert(key);
  entry.missed = 0;
  ++entry.attempts;
  return key;
}

TimePoint SchedulingQueue::backoff_end(const Entry& entry, TimePoint now) {
  const int doublings = std::clamp(entry.attempts - 1, 0, 8);
  return now + std::min<Duration>(kBackoffFirst * (1 << doublings), kBackoffLast);
}

void SchedulingQueue::failed(const std::string& key, unsigned rules, TimePoint now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.place != Place::kTaken) return;
  Entry& entry = found->second;
  entry.rules = rules;
  if ((entry.missed & rules) != 0) {
    wait(key, entry, Place::kBackoff, backoff_end(entry, now));
    return;
  }
  wait(key, entry, Place::kUnschedulable, now + kUnschedulableMax);
  entry.due = backoff_end(entry, now);
}

void SchedulingQueue::failed_to_write(const std::string& key, TimePoint now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.place != Place::kTaken) return;
  wait(key, found->second, Place::kBackoff, backoff_end(found->second, now));
}

void SchedulingQueue::on_event(unsigned rules, TimePoint now) {
  for (const std::string& key : taken_) entries_.at(key).missed |= rules;
  const std::vector<std::string> stuck(unschedulable_.begin(), unschedulable_.end());
  for (const std::string& key : stuck) {
    Entry& entry = entries_.at(key);
    if ((entry.rules & rules) == 0) continue;
    const TimePoint due = entry.due;
    leave(key, entry);
    if (due <= now) {
      activate(key, entry);
    } else {
      wait(key, entry, Place::kBackoff, due);
    }
  }
}

TimePoint SchedulingQueue::next_due() const {
  if (!active_.empty()) return TimePoint::min();
  return waiting_.empty() ? TimePoint::max() : waiting_.begin()->first;
}

void SchedulingQueue::activate(const std::string& key, Entry& entry) {
  taken_.erase(key);
  entry.place = Place::kActive;
  active_.insert({-entry.priority, entry.since, key});
}

void SchedulingQueue::wait(const std::string& key, Entry& entry, Place place, TimePoint until) {
  taken_.erase(key);
  entry.place = place;
  entry.listed = until;
  waiting_.insert({until, key});
  if (place == Place::kUnschedulable) unschedulable_.insert(key);
}

void SchedulingQueue::leave(const std::string& key, const Entry& entry) {
  active_.erase({-entry.priority, entry.since, key});
  taken_.erase(key);
  unschedulable_.erase(key);
  const bool waits = entry.place == Place::kBackoff || entry.place == Place::kUnschedulable;
  if (waits) waiting_.erase({entry.listed, key});
}

void SchedulingQueue::mature(TimePoint now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const std::string key = waiting_.begin()->second;
    Entry& entry = entries_.at(key);
    waiting_.erase(waiting_.begin());
    unschedulable_.erase(key);
    activate(key, entry);
  }
}

}  // namespace skerry::standalone
