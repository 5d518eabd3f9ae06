// Which Event a thing that happened becomes: a new one, one more of an earlier one, one that stands
// for many alike, or none when an object's Events come too often. Pure but for the clock passed in.
//
// Owner: an EventRecorder. Limits: kSubjectsMax objects and kEventsRememberedMax Events are
// remembered; the oldest are forgotten first. Source: client-go tools/record/events_cache.go, as
// behaviour.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr std::size_t kEventsRememberedMax = 4096;
inline constexpr std::size_t kSubjectsMax = 4096;
inline constexpr std::size_t kAlikeMax = 9;  // different texts of one reason; more are combined
inline constexpr auto kAlikeWithin = 10min;
inline constexpr int kEventBurst = 25;  // of one object
inline constexpr auto kEventRefill = 5min;

struct Happening {
  std::string subject;  // the object: kind, namespace, name, uid
  std::string type;     // Normal, Warning
  std::string reason;
  std::string message;
};

class EventCorrelator {
 public:
  struct Verdict {
    std::string key;  // of the Event to write; what noted() is told
    std::string message;
    std::string name;        // of the Event to add to; empty: a new one
    std::int64_t count = 1;  // that the Event then has
  };
  /// Nothing: it is dropped.
  std::optional<Verdict> judge(const Happening& happening, WallTime now);
  /// The Event of `key` is stored under that name.
  void noted(const std::string& key, const std::string& name, std::int64_t count);
  /// It is no longer there.
  void forget(const std::string& key) { events_.erase(key); }

 private:
  struct Known {
    std::string name;
    std::int64_t count = 0;
  };
  struct Alike {
    std::set<std::string> messages;
    WallTime last;
  };
  struct Budget {
    int left = kEventBurst;
    WallTime refilled;
  };
  bool spend(const std::string& subject, WallTime now);

  std::map<std::string, Known> events_;
  std::deque<std::string> order_;
  std::map<std::string, Alike> alike_;
  std::map<std::string, Budget> budgets_;
};

}  // namespace skerry::standalone
