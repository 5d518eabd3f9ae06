#include "cloudcore/kube/list_watch.h"

#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "cloudcore/kube/list_watch_protocol.h"
#include "common/base/assert.h"
#include "common/base/log.h"

namespace skerry::kube {

namespace {

constexpr std::uint64_t kSkipsLogged = 10;  // further ones are only counted

}  // namespace

struct ListWatch::Loop : WatchSink, std::enable_shared_from_this<ListWatch::Loop> {
  Loop(Client& api, async::Executor executor, Selection what, ListWatchHandlers owner)
      : client(api),
        selection(std::move(what)),
        handlers(std::move(owner)),
        timer(executor),
        protocol(api.world().random) {}

  TimePoint now() { return client.world().clock.now(); }

  void perform(ListWatchSteps steps) {
    const auto self = shared_from_this();  // a handler may drop the ListWatch
    for (ListWatchStep& step : steps) {
      if (stopped) return;
      std::visit([this](auto& one) { act(one); }, step);
    }
    if (!stopped) arm_timer();
  }

  void act(const FetchPage& step) {
    const std::uint64_t asked = ++page_asked;
    client.list_page(selection, step.continue_token, step.limit,
                     [weak = weak_from_this(), asked](Result<ListPage> page) {
                       const auto self = weak.lock();
                       if (self && !self->stopped && asked == self->page_asked) {
                         self->on_page(std::move(page));
                       }
                     });
  }
  void act(DropPages) { objects = {}; }
  void act(KeepPage) {
    objects.reserve(objects.size() + page.items.size());
    for (const std::string_view item : page.items) {
      if (k8s::ObjectPtr object = read(item)) objects.push_back(std::move(object));
    }
    page = {};
  }
  void act(const DeliverList& step) { handlers.on_list(std::exchange(objects, {}), step.version); }
  void act(const OpenWatch& step) {
    watch = client.watch(selection, step.from, step.timeout, *this);
  }
  void act(CloseWatch) { watch.reset(); }
  void act(const ReportState& step) {
    if (handlers.on_state) handlers.on_state(step.error);
  }

  void on_page(Result<ListPage> answer) {
    if (!answer) return perform(protocol.on_page_failed(now(), answer.error()));
    page = std::move(*answer);
    perform(protocol.on_page(now(), page.resource_version, page.continue_token));
  }

  void on_watch_open() override { perform(protocol.on_watch_open(now())); }

  void on_watch_event(const WatchEvent& event) override {
    if (event.type == WatchEventType::kError) {
      return perform(protocol.on_watch_end(now(), event.error));
    }
    const bool deliver = protocol.on_event(now(), event.type, event.resource_version);
    arm_timer();
    if (!deliver) return;
    const k8s::ObjectPtr object = read(event.object);
    if (!object && event.type == WatchEventType::kDeleted) {  // else its last state would stay
      return perform(protocol.on_watch_end(
          now(), Error{Code::kMalformed, "a deleted object is not readable: listing again", {}}));
    }
    if (!object) return;
    const ChangeType change = event.type == WatchEventType::kAdded      ? ChangeType::kAdded
                              : event.type == WatchEventType::kModified ? ChangeType::kModified
                                                                        : ChangeType::kDeleted;
    handlers.on_event(change, object);
  }

  void on_watch_end(std::optional<Error> error) override {
    const bool bad_line =
        error && (error->code == Code::kMalformed || error->code == Code::kTooLarge);
    if (bad_line && !std::exchange(bad_line_logged, true)) {
      log::error("a watch line is not readable, listing again (further ones are only counted)",
                 {{"selection", selection.text()}, {"error", error->what}});
    }
    perform(protocol.on_watch_end(now(), error));
  }

  /// Null: an object that cannot be read; the others go on.
  k8s::ObjectPtr read(std::string_view json) {
    Result<k8s::ObjectPtr> object = k8s::make_object(selection.kind, json);
    if (!object) {
      if (++protocol.counters().skipped_objects <= kSkipsLogged) {
        log::error("object skipped",
                   {{"selection", selection.text()}, {"error", object.error().what}});
      }
      return nullptr;
    }
    if (!handlers.project) return std::move(*object);
    const k8s::ObjectKey key = (*object)->key;
    k8s::ObjectPtr kept = handlers.project(std::move(*object));
    SKERRY_ASSERT(kept && kept->key == key, "a projection keeps the object and its key");
    return kept;
  }

  void arm_timer() {
    const TimePoint deadline = protocol.deadline();
    if (deadline == armed_for) return;
    armed_for = deadline;
    timer.cancel();
    if (deadline == TimePoint::max()) return;
    timer.expires_at(deadline);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!self || error || self->stopped) return;
      self->armed_for = TimePoint::max();
      self->perform(self->protocol.on_deadline(self->now()));
    });
  }

  void stop() {
    stopped = true;
    ++page_asked;
    timer.cancel();
    watch.reset();
    objects = {};
    page = {};
  }

  Client& client;
  const Selection selection;
  const ListWatchHandlers handlers;
  boost::asio::steady_timer timer;
  TimePoint armed_for = TimePoint::max();
  ListWatchProtocol protocol;
  std::uint64_t page_asked = 0;  // an answer to an older question is not heard
  ListPage page;
  std::vector<k8s::ObjectPtr> objects;
  std::unique_ptr<HttpStream> watch;
  bool bad_line_logged = false;
  bool stopped = false;
};

ListWatch::ListWatch(Client& client,
                     async::Executor executor,
                     Selection selection,
                     ListWatchHandlers handlers)
    : loop_(std::make_shared<Loop>(client, executor, std::move(selection), std::move(handlers))) {
  SKERRY_ASSERT(loop_->handlers.on_list && loop_->handlers.on_event,
                "a ListWatch needs its handlers");
}

ListWatch::~ListWatch() { stop(); }

void ListWatch::start() { loop_->perform(loop_->protocol.start()); }
void ListWatch::stop() { loop_->stop(); }
bool ListWatch::synced() const { return loop_->protocol.synced(); }
ResourceVersion ListWatch::version() const { return loop_->protocol.version(); }
const ListWatchCounters& ListWatch::counters() const { return loop_->protocol.counters(); }

}  // namespace skerry::kube
