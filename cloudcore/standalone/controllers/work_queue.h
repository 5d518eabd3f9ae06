// Keys that a controller has to look at: each once, however often it was added; later again when it
// failed, ever more slowly. Pure but for the clock that is passed in.
//
// Owner: a ControllerRunner. Thread: its loop. Source: client-go's workqueue, as behaviour.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr auto kRetryDelayFirst = std::chrono::milliseconds(5);
inline constexpr auto kRetryDelayLast = std::chrono::seconds(60);

class WorkQueue {
 public:
  void add(const std::string& key, TimePoint when);
  /// Adds it again after its failures' delay, which doubles.
  void retry(const std::string& key, TimePoint now);
  void forget_failures(const std::string& key) { failures_.erase(key); }

  /// The first key that is due; it may be added again while it is worked on.
  std::optional<std::string> take(TimePoint now);
  /// When the next key is due; TimePoint::max(): none waits.
  TimePoint next_due() const;
  std::size_t size() const { return due_.size(); }

 private:
  std::map<std::string, TimePoint> due_;
  std::set<std::pair<TimePoint, std::string>> order_;
  std::map<std::string, int> failures_;
};

}  // namespace skerry::standalone
