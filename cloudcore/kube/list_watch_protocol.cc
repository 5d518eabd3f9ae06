#include "cloudcore/kube/list_watch_protocol.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::kube {

ListWatchSteps ListWatchProtocol::start() {
  SKERRY_ASSERT(state_ == State::kIdle, "a ListWatch is started once");
  return list_now();
}

ListWatchSteps ListWatchProtocol::list_now() {
  state_ = State::kListing;
  deadline_ = TimePoint::max();  // each page has the HTTP client's
  listing_ = ResourceVersion();
  return {DropPages{}, FetchPage{"", page_limit_}};
}

ListWatchSteps ListWatchProtocol::on_page(TimePoint now,
                                          ResourceVersion version,
                                          const std::string& continue_token) {
  if (state_ == State::kProbing) {
    ListWatchSteps steps = version < version_ ? list_now() : watch_now(now);
    if (version >= version_) steps.insert(steps.begin(), DropPages{});
    return steps;
  }
  if (state_ != State::kListing) return {};
  // Later pages show the state of the first. If a server thinks otherwise, the lower version is the
  // safe one to watch from: an event too many is dropped, one too few is lost.
  if (listing_ == ResourceVersion() || version < listing_) listing_ = version;
  if (listing_ < version_ && stale_in_a_row_ < kStaleListsMax) return stale_list(now, listing_);
  if (!continue_token.empty()) return {KeepPage{}, FetchPage{continue_token, page_limit_}};

  if (listing_ < version_) ++counters_.history_resets;
  stale_in_a_row_ = 0;
  version_ = listing_;
  synced_ = true;
  ++counters_.lists;
  ListWatchSteps steps{KeepPage{}, DeliverList{version_}};
  for (ListWatchStep& step : watch_now(now)) steps.push_back(std::move(step));
  return steps;
}

ListWatchSteps ListWatchProtocol::stale_list(TimePoint now, ResourceVersion version) {
  ++counters_.stale_lists;
  // The pace of an outage that went before would make a restored cluster wait for minutes.
  if (++stale_in_a_row_ == 1) backoff_ = kBackoffMin;
  Error error;
  error.code = Code::kUnavailable;
  error.what = "the API server answers an older state (resourceVersion " +
               std::to_string(version.value()) + " after " + std::to_string(version_.value()) +
               "): asking again";
  return wait(now, error, Next::kList);
}

ListWatchSteps ListWatchProtocol::on_page_failed(TimePoint now, const Error& error) {
  if (state_ == State::kProbing) return wait(now, error, Next::kProbe);
  if (state_ != State::kListing) return {};
  if (error.code == Code::kGone) return gone(now, error);
  if (error.code == Code::kTooLarge && page_limit_ > 1) {
    page_limit_ = std::max(1, page_limit_ / 4);
    return list_now();
  }
  return wait(now, error, Next::kList);
}

ListWatchSteps ListWatchProtocol::probe_now() {
  state_ = State::kProbing;
  deadline_ = TimePoint::max();  // the HTTP client's
  return {FetchPage{"", 1}};
}

ListWatchSteps ListWatchProtocol::watch_now(TimePoint now) {
  const auto jitter = static_cast<std::int64_t>(random_.below(
      std::chrono::duration_cast<std::chrono::seconds>(kWatchTimeoutMin).count() + 1));
  const std::chrono::seconds timeout = kWatchTimeoutMin + std::chrono::seconds(jitter);
  state_ = State::kWatchOpening;
  event_seen_ = false;
  watch_asked_ = now;
  watch_ends_ = now + timeout + kWatchGrace;
  deadline_ = watch_ends_;
  ++counters_.watches;
  return {OpenWatch{version_, timeout}};
}

ListWatchSteps ListWatchProtocol::on_watch_open(TimePoint now) {
  if (state_ != State::kWatchOpening) return {};
  state_ = State::kWatching;
  if (!healthy_since_) healthy_since_ = now;
  if (bookmarks_come_) deadline_ = std::min(watch_ends_, now + kBookmarkSilenceMax);
  ListWatchSteps steps;
  report(std::nullopt, steps);
  return steps;
}

bool ListWatchProtocol::on_event(TimePoint now, WatchEventType type, ResourceVersion version) {
  SKERRY_ASSERT(type != WatchEventType::kError, "an ERROR event ends the watch");
  if (state_ != State::kWatching) return false;
  event_seen_ = true;
  if (type == WatchEventType::kBookmark) {
    bookmarks_come_ = true;
    ++counters_.bookmarks;
  }
  if (bookmarks_come_) deadline_ = std::min(watch_ends_, now + kBookmarkSilenceMax);
  if (type == WatchEventType::kBookmark) {
    version_ = std::max(version_, version);
    return false;
  }
  if (version <= version_) {
    ++counters_.stale_events;
    return false;
  }
  version_ = version;
  ++counters_.events;
  return true;
}

ListWatchSteps ListWatchProtocol::on_watch_end(TimePoint now, const std::optional<Error>& error) {
  if (state_ != State::kWatching && state_ != State::kWatchOpening) return {};
  ListWatchSteps steps{CloseWatch{}};
  ListWatchSteps next;
  if (!error && (event_seen_ || now - watch_asked_ >= kWatchShortest)) {
    next = watch_now(now);
  } else if (!error) {
    next =
        wait(now, {Code::kUnavailable, "the API server closes watches at once", {}}, Next::kProbe);
  } else if (error->code == Code::kGone) {
    next = gone(now, *error);
  } else if (error->code == Code::kMalformed || error->code == Code::kTooLarge) {
    ++counters_.malformed_lines;
    next = wait(now, *error, Next::kList);
  } else {
    next = wait(now, *error, Next::kProbe);
  }
  for (ListWatchStep& step : next) steps.push_back(std::move(step));
  return steps;
}

ListWatchSteps ListWatchProtocol::on_deadline(TimePoint now) {
  if (now < deadline_) return {};
  if (state_ == State::kWaiting) return next_ == Next::kList ? list_now() : probe_now();
  if (state_ == State::kWatching || state_ == State::kWatchOpening) {
    return on_watch_end(now, Error{Code::kTimeout, "the watch is silent: opening another", {}});
  }
  return {};
}

ListWatchSteps ListWatchProtocol::gone(TimePoint now, const Error& error) {
  ++counters_.gone;
  const bool first = backoff_ == Duration::zero() ||
                     (healthy_since_ && now - *healthy_since_ >= kBackoffForgetAfter);
  if (!first) return wait(now, error, Next::kList);
  healthy_since_.reset();
  backoff_ = kBackoffMin;
  return list_now();
}

ListWatchSteps ListWatchProtocol::wait(TimePoint now, const Error& error, Next next) {
  if (error.code != Code::kGone) ++counters_.failures;
  if (healthy_since_ && now - *healthy_since_ >= kBackoffForgetAfter) backoff_ = Duration::zero();
  healthy_since_.reset();
  backoff_ = std::clamp<Duration>(backoff_, kBackoffMin, kBackoffMax);
  const Duration delay = std::max<Duration>(random_.jittered(backoff_), error.retry_after);
  backoff_ = std::min<Duration>(backoff_ * 2, kBackoffMax);
  state_ = State::kWaiting;
  next_ = next;
  deadline_ = now + delay;
  ListWatchSteps steps{DropPages{}};
  report(error, steps);
  return steps;
}

void ListWatchProtocol::report(const std::optional<Error>& error, ListWatchSteps& steps) {
  const std::optional<Code> code = error ? std::optional(error->code) : std::nullopt;
  if (reported_ && code == reported_code_) return;
  reported_ = true;
  reported_code_ = code;
  steps.push_back(ReportState{error});
}

}  // namespace skerry::kube
