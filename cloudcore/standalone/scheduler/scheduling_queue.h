// Pods that wait for a Node: those to try now, by priority and then by age; those that failed, for
// their backoff; and those that only an event can help. Pure but for the times passed in.
//
// Owner: Scheduler. Thread: the API's loop. Source: pkg/scheduler/backend/queue, as behaviour.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr Duration kBackoffFirst = std::chrono::seconds(1);
inline constexpr Duration kBackoffLast = std::chrono::seconds(10);
/// Without any event a Pod is tried again after this.
inline constexpr Duration kUnschedulableMax = std::chrono::minutes(5);

class SchedulingQueue {
 public:
  /// A Pod that is new or has changed: it is tried now. Keeps its place if it waits already.
  void add(const std::string& key, std::int64_t priority, TimePoint now);
  void remove(const std::string& key);
  bool contains(const std::string& key) const { return entries_.contains(key); }

  /// The next to try. Nothing: none is due.
  std::optional<std::string> take(TimePoint now);
  /// What was taken did not fit; `rules` (FitRule bits) rejected it.
  void failed(const std::string& key, unsigned rules, TimePoint now);
  /// What was taken failed for a reason of the API: tried again after its backoff.
  void failed_to_write(const std::string& key, TimePoint now);

  /// Something changed that may help what those rules rejected.
  void on_event(unsigned rules, TimePoint now);
  /// When a Pod is due; TimePoint::max(): never.
  TimePoint next_due() const;
  std::size_t size() const { return entries_.size(); }

 private:
  enum class Place : std::uint8_t { kActive, kBackoff, kUnschedulable, kTaken };
  struct Entry {
    Place place = Place::kActive;
    std::int64_t priority = 0;
    TimePoint since{};   // order among those of one priority
    TimePoint due{};     // the end of its backoff
    TimePoint listed{};  // where it is in waiting_
    unsigned rules = 0;
    unsigned missed = 0;  // events while it was taken
    int attempts = 0;
  };
  using Rank = std::tuple<std::int64_t, TimePoint, std::string>;

  void activate(const std::string& key, Entry& entry);
  void wait(const std::string& key, Entry& entry, Place place, TimePoint until);
  void leave(const std::string& key, const Entry& entry);
  void mature(TimePoint now);
  static TimePoint backoff_end(const Entry& entry, TimePoint now);

  std::map<std::string, Entry> entries_;
  std::set<Rank> active_;
  std::set<std::pair<TimePoint, std::string>> waiting_;  // backoff and unschedulable
  std::set<std::string> unschedulable_;
  std::set<std::string> taken_;
};

}  // namespace skerry::standalone
