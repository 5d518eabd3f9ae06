// The decisions of ListWatch: what to ask the API server next, what of its answers to believe.
//
// Rules (design.md 4.2, reference/reliability.md section 4):
//  - every list is consistent (resourceVersion unset) and whole; a failed page discards it;
//  - 410 anywhere: a new list, at once the first time, with backoff when it repeats;
//  - nothing at or below a delivered version is delivered again; a list below it is refused, and
//    accepted as a restored cluster only after kStaleListsMax such answers in a row;
//  - after a failed or silent watch one small read asks where the server is: a server that was
//    restored meanwhile would let a watch at a version it has not reached wait in silence;
//  - backoff 0.8 s x 2 to 30 s with jitter, forgotten after 2 min of health; never a busy loop.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cloudcore/kube/list_watch.h"
#include "cloudcore/kube/watch_event.h"

namespace skerry::kube {

inline constexpr int kPageObjects = 500;
inline constexpr auto kBackoffMin = std::chrono::milliseconds(800);
inline constexpr auto kBackoffMax = 30s;
inline constexpr auto kBackoffForgetAfter = 2min;
inline constexpr auto kWatchTimeoutMin = 5min;     // jittered up to twice
inline constexpr auto kWatchGrace = 30s;           // past the timeout the server was asked for
inline constexpr auto kWatchShortest = 1s;         // a shorter one without an event is a failure
inline constexpr auto kBookmarkSilenceMax = 3min;  // bookmarks come each minute where they come
inline constexpr int kStaleListsMax = 5;

// What the shell does, in this order.
struct FetchPage {
  std::string continue_token;
  int limit = kPageObjects;
};
struct DropPages {};  // forget the pages so far
struct KeepPage {};   // add the page that arrived
struct DeliverList {  // the pages so far are the truth
  ResourceVersion version;
};
struct OpenWatch {
  ResourceVersion from;
  std::chrono::seconds timeout;
};
struct CloseWatch {};
struct ReportState {
  std::optional<Error> error;
};
using ListWatchStep =
    std::variant<FetchPage, DropPages, KeepPage, DeliverList, OpenWatch, CloseWatch, ReportState>;
using ListWatchSteps = std::vector<ListWatchStep>;

/// Sans-I/O. Owner: ListWatch. After every call the shell performs the steps and waits for the next
/// input or deadline(), whichever comes first.
class ListWatchProtocol {
 public:
  explicit ListWatchProtocol(seam::Random& random) : random_(random) {}

  ListWatchSteps start();
  ListWatchSteps on_page(TimePoint now, ResourceVersion version, const std::string& continue_token);
  ListWatchSteps on_page_failed(TimePoint now, const Error& error);
  ListWatchSteps on_watch_open(TimePoint now);
  /// True: deliver it. kError events go to on_watch_end.
  bool on_event(TimePoint now, WatchEventType type, ResourceVersion version);
  /// The stream has ended or must be closed. kMalformed and kTooLarge: a line that was no event.
  ListWatchSteps on_watch_end(TimePoint now, const std::optional<Error>& error);
  ListWatchSteps on_deadline(TimePoint now);
  TimePoint deadline() const { return deadline_; }

  bool synced() const { return synced_; }
  ResourceVersion version() const { return version_; }
  ListWatchCounters& counters() { return counters_; }

 private:
  enum class State : std::uint8_t { kIdle, kListing, kProbing, kWatchOpening, kWatching, kWaiting };
  enum class Next : std::uint8_t { kList, kProbe };

  ListWatchSteps list_now();
  ListWatchSteps probe_now();
  ListWatchSteps watch_now(TimePoint now);
  ListWatchSteps gone(TimePoint now, const Error& error);
  ListWatchSteps stale_list(TimePoint now, ResourceVersion version);
  ListWatchSteps wait(TimePoint now, const Error& error, Next next);
  void report(const std::optional<Error>& error, ListWatchSteps& steps);

  seam::Random& random_;
  State state_ = State::kIdle;
  Next next_ = Next::kList;
  TimePoint deadline_ = TimePoint::max();

  ResourceVersion version_;  // highest delivered
  ResourceVersion listing_;  // of the first page of the list that runs; 0: none yet
  int page_limit_ = kPageObjects;
  int stale_in_a_row_ = 0;
  bool synced_ = false;

  TimePoint watch_asked_;
  TimePoint watch_ends_;  // by the server's timeout and grace
  bool event_seen_ = false;
  bool bookmarks_come_ = false;
  std::optional<TimePoint> healthy_since_;
  Duration backoff_{};  // the next failure's; zero: none lately

  bool reported_ = false;
  std::optional<Code> reported_code_;  // nothing: healthy
  ListWatchCounters counters_;
};

}  // namespace skerry::kube
