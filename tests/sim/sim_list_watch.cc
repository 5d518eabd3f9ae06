#include "tests/sim/sim_list_watch.h"

#include <algorithm>
#include <utility>

namespace skerry::sim {
namespace {
constexpr auto kBookmarkInterval = 20s;  // a minute in the real one
}

SimListWatch::SimListWatch(Run& run, ApiServer& api, Kind kind, Handlers handlers)
    : run_(run), api_(api), kind_(kind), handlers_(std::move(handlers)), protocol_(run.random) {}

void SimListWatch::later(Duration delay, void (SimListWatch::*what)()) {
  run_.scheduler.after(delay, [weak = weak_from_this(), what] {
    const auto self = weak.lock();
    if (self && !self->stopped_) (self.get()->*what)();
  });
}

void SimListWatch::perform(kube::ListWatchSteps steps) {
  for (kube::ListWatchStep& step : steps) {
    if (std::holds_alternative<kube::FetchPage>(step)) later(run_.latency(), &SimListWatch::fetch);
    if (std::holds_alternative<kube::DropPages>(step)) kept_.clear();
    if (std::holds_alternative<kube::KeepPage>(step)) kept_ = std::move(arrived_);
    if (const auto* list = std::get_if<kube::DeliverList>(&step)) {
      const bool restored = list->version < highest_;
      listed_ = asked_;
      highest_ = list->version;
      handlers_.on_list(std::move(kept_), list->version, restored);
    }
    if (std::holds_alternative<kube::CloseWatch>(step)) watching_ = false;
    if (const auto* watch = std::get_if<kube::OpenWatch>(&step)) open(watch->from);
  }
  if (protocol_.deadline() == TimePoint::max()) return;
  run_.scheduler.at(protocol_.deadline(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->stopped_) self->perform(self->protocol_.on_deadline(self->run_.now()));
  });
}

void SimListWatch::fetch() {
  // The answer is made now and arrives later: the truth moves on meanwhile.
  asked_ = api_.incarnation();
  auto answer = std::make_shared<Result<ApiServer::ListAnswer>>(api_.list(kind_));
  run_.scheduler.after(run_.latency(), [weak = weak_from_this(), answer] {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    if (!*answer) {
      return self->perform(self->protocol_.on_page_failed(self->run_.now(), answer->error()));
    }
    self->arrived_ = std::move((*answer)->objects);
    self->perform(self->protocol_.on_page(self->run_.now(), (*answer)->version, ""));
  });
}

void SimListWatch::open(ResourceVersion from) {
  const std::uint64_t id = ++watch_id_;
  run_.scheduler.after(run_.latency(), [weak = weak_from_this(), id, from] {
    const auto self = weak.lock();
    if (!self || self->stopped_ || id != self->watch_id_) return;
    self->cursor_ = from;
    const auto records = self->api_.records_after(self->kind_, from, self->listed_);
    if (!records) {
      self->run_.coverage.count("410");
      if (!self->gone_is_hidden()) return self->end(records.error());
    }
    self->watching_ = true;
    self->perform(self->protocol_.on_watch_open(self->run_.now()));
    self->poke();
    self->bookmark_later(id);
  });
}

/// Without them a watch of a quiet kind would never be known to be up to date.
void SimListWatch::bookmark_later(std::uint64_t id) {
  run_.scheduler.after(kBookmarkInterval, [weak = weak_from_this(), id] {
    const auto self = weak.lock();
    if (!self || self->stopped_ || id != self->watch_id_ || !self->watching_) return;
    self->bookmark_due_ = true;
    self->poke();
    self->bookmark_later(id);
  });
}

/// The planted bug: after 410 the watch goes on from now, and what happened meanwhile is missed.
bool SimListWatch::gone_is_hidden() {
  if (!run_.bugs.no_relist_after_gone) return false;
  cursor_ = api_.current_version();
  listed_ = api_.incarnation();
  return true;
}

void SimListWatch::poke() {
  if (!watching_ || delivery_scheduled_) return;
  delivery_scheduled_ = true;
  later(run_.latency(), &SimListWatch::deliver);
}

void SimListWatch::end(Error error) {
  watching_ = false;
  ++watch_id_;
  perform(protocol_.on_watch_end(run_.now(), error));
}

void SimListWatch::deliver() {
  delivery_scheduled_ = false;
  if (!watching_) return;
  auto records = api_.records_after(kind_, cursor_, listed_);
  if (!records) {
    run_.coverage.count("410");
    if (!gone_is_hidden()) end(records.error());
    return;
  }
  std::size_t left = records->size();
  if (run_.faults && left > 0 && run_.random.chance(3)) left = run_.random.below(left);
  const bool breaks = left < records->size();
  for (const WatchRecord& record : *records) {
    if (left-- == 0) break;
    cursor_ = record.version;
    const bool twice = run_.faults && run_.random.chance(5);  // dropped by the protocol
    for (int times = twice ? 2 : 1; times > 0; --times) {
      if (!protocol_.on_event(run_.now(), record.type, record.version)) continue;
      highest_ = record.version;
      handlers_.on_event(record.type == kube::WatchEventType::kDeleted, record.object);
    }
  }
  if (!breaks && std::exchange(bookmark_due_, false)) {
    cursor_ = api_.current_version();
    highest_ = std::max(highest_, cursor_);
    (void)protocol_.on_event(run_.now(), kube::WatchEventType::kBookmark, cursor_);
  }
  if (!breaks) known_until_ = run_.now();
  if (breaks) end({Code::kUnavailable, "the watch broke", {}});
}

}  // namespace skerry::sim
