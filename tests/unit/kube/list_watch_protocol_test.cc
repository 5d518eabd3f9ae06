#include "cloudcore/kube/list_watch_protocol.h"

#include <map>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::kube;

namespace {

class FixedRandom : public seam::Random {
 public:
  std::uint64_t next() override { return 0; }  // jitter: the shortest
  std::string bytes(std::size_t count) override { return std::string(count, 'x'); }
};

std::string word(const ListWatchStep& step) {
  struct Words {
    std::string operator()(const FetchPage& s) const {
      return "fetch" + (s.continue_token.empty() ? "" : ":" + s.continue_token) +
             (s.limit == kPageObjects ? "" : "/" + std::to_string(s.limit));
    }
    std::string operator()(DropPages) const { return "drop"; }
    std::string operator()(KeepPage) const { return "keep"; }
    std::string operator()(const DeliverList& s) const {
      return "deliver:" + std::to_string(s.version.value());
    }
    std::string operator()(const OpenWatch& s) const {
      return "watch:" + std::to_string(s.from.value());
    }
    std::string operator()(CloseWatch) const { return "close"; }
    std::string operator()(const ReportState& s) const {
      return "state:" + (s.error ? std::string(to_string(s.error->code)) : "ok");
    }
  };
  return std::visit(Words{}, step);
}

/// The protocol with its steps as words and a clock that the test moves.
struct Machine {
  std::string words(const ListWatchSteps& steps) {
    std::string text;
    for (const ListWatchStep& step : steps) text += (text.empty() ? "" : " ") + word(step);
    return text;
  }
  std::string start() { return words(protocol.start()); }
  std::string page(std::uint64_t version, const std::string& next = "") {
    return words(protocol.on_page(now, ResourceVersion(version), next));
  }
  std::string page_failed(Code code, std::chrono::milliseconds retry_after = {}) {
    return words(protocol.on_page_failed(now, {code, "scripted", retry_after}));
  }
  std::string opened() { return words(protocol.on_watch_open(now)); }
  bool event(std::uint64_t version, WatchEventType type = WatchEventType::kModified) {
    return protocol.on_event(now, type, ResourceVersion(version));
  }
  std::string ended() { return words(protocol.on_watch_end(now, std::nullopt)); }
  std::string failed(Code code, std::chrono::milliseconds retry_after = {}) {
    return words(protocol.on_watch_end(now, Error{code, "scripted", retry_after}));
  }
  Duration wait() const { return protocol.deadline() - now; }
  std::string at_deadline() {
    now = protocol.deadline();
    return words(protocol.on_deadline(now));
  }
  void synced_at(std::uint64_t version) {
    start();
    page(version);
    opened();
  }

  FixedRandom random;
  ListWatchProtocol protocol{random};
  TimePoint now{std::chrono::hours(1)};
};

}  // namespace

TEST_CASE("ListWatchProtocol: pages, one list, then a watch from its version", "[kube]") {
  Machine m;
  CHECK(m.start() == "drop fetch");
  CHECK_FALSE(m.protocol.synced());
  CHECK(m.page(10, "p2") == "keep fetch:p2");
  CHECK_FALSE(m.protocol.synced());
  CHECK(m.page(10) == "keep deliver:10 watch:10");
  CHECK(m.protocol.synced());
  CHECK(m.opened() == "state:ok");
  CHECK(m.event(11));
  CHECK(m.event(15));
  CHECK(m.protocol.version() == ResourceVersion(15));
}

TEST_CASE("ListWatchProtocol: later pages that claim another version: the lower one counts",
          "[kube]") {
  Machine m;
  m.start();
  m.page(10, "p2");
  CHECK(m.page(14) == "keep deliver:10 watch:10");
}

TEST_CASE("ListWatchProtocol: 410 at page 2 discards the list; once at once, then with backoff",
          "[kube]") {
  Machine m;
  m.start();
  m.page(10, "p2");
  CHECK(m.page_failed(Code::kGone) == "drop fetch");
  m.page(11, "p2");
  CHECK(m.page_failed(Code::kGone) == "drop state:gone");
  CHECK(m.wait() == kBackoffMin / 2);
  CHECK(m.at_deadline() == "drop fetch");
  CHECK(m.page(12) == "keep deliver:12 watch:12");
  CHECK(m.protocol.counters().gone == 2);
  CHECK(m.protocol.counters().lists == 1);
}

TEST_CASE("ListWatchProtocol: 410 at the opening of a watch or inside it lists once", "[kube]") {
  Machine m;
  m.start();
  m.page(10);
  CHECK(m.failed(Code::kGone) == "close drop fetch");
  m.page(20);
  m.opened();
  CHECK(m.failed(Code::kGone) == "close drop state:gone");  // again within 2 minutes: wait
  m.at_deadline();
  CHECK(m.page(30) == "keep deliver:30 watch:30");
  CHECK(m.opened() == "state:ok");
  m.now += kBackoffForgetAfter;
  CHECK(m.failed(Code::kGone) == "close drop fetch");
  CHECK(m.protocol.counters().gone == 3);
}

TEST_CASE("ListWatchProtocol: a watch that ends cleanly goes on from the last version", "[kube]") {
  Machine m;
  m.synced_at(10);
  m.event(12);
  m.event(17, WatchEventType::kBookmark);
  CHECK(m.ended() == "close watch:17");
  CHECK(m.opened().empty());  // healthy already
  m.now += kWatchShortest;
  CHECK(m.ended() == "close watch:17");
  CHECK(m.protocol.counters().lists == 1);
}

TEST_CASE("ListWatchProtocol: a watch closed at once without an event is a failure", "[kube]") {
  Machine m;
  m.synced_at(10);
  CHECK(m.ended() == "close drop state:unavailable");
  CHECK(m.wait() == kBackoffMin / 2);
  CHECK(m.at_deadline() == "fetch/1");
  CHECK(m.page(11, "more") == "drop watch:10");
}

TEST_CASE("ListWatchProtocol: a connection cut inside an event continues from the version before",
          "[kube]") {
  Machine m;
  m.synced_at(10);
  m.event(12);
  CHECK(m.failed(Code::kUnavailable) == "close drop state:unavailable");
  CHECK(m.at_deadline() == "fetch/1");
  CHECK(m.page(12) == "drop watch:12");
  CHECK(m.opened() == "state:ok");
}

TEST_CASE("ListWatchProtocol: a server that was restored under a watch is noticed", "[kube]") {
  Machine m;
  m.synced_at(100);
  m.failed(Code::kUnavailable);
  CHECK(m.at_deadline() == "fetch/1");
  CHECK(m.page_failed(Code::kUnavailable) == "drop");  // it is not back yet
  CHECK(m.at_deadline() == "fetch/1");
  for (int i = 0; i < 6; ++i) {  // nor soon
    m.page_failed(Code::kUnavailable);
    m.at_deadline();
  }
  CHECK(m.page(40, "more") == "drop fetch");
  const TimePoint back = m.now;
  for (int i = 0; i < kStaleListsMax; ++i) {
    m.page(40);
    CHECK(m.at_deadline() == "drop fetch");
  }
  CHECK(m.now - back <= 30s);  // whatever the outage's pace was
  CHECK(m.page(40) == "keep deliver:40 watch:40");
}

TEST_CASE("ListWatchProtocol: duplicates and older events are not delivered", "[kube]") {
  Machine m;
  m.synced_at(10);
  CHECK_FALSE(m.event(10, WatchEventType::kAdded));
  CHECK(m.event(12));
  CHECK_FALSE(m.event(12));
  CHECK_FALSE(m.event(11, WatchEventType::kDeleted));
  CHECK(m.protocol.version() == ResourceVersion(12));
  CHECK(m.protocol.counters().stale_events == 3);
  CHECK_FALSE(m.event(9, WatchEventType::kBookmark));
  CHECK(m.protocol.version() == ResourceVersion(12));
}

TEST_CASE("ListWatchProtocol: a malformed or oversized line leads to a new list", "[kube]") {
  for (const Code code : {Code::kMalformed, Code::kTooLarge}) {
    Machine m;
    m.synced_at(10);
    CHECK(m.failed(code).starts_with("close drop state:"));
    CHECK(m.at_deadline() == "drop fetch");
    CHECK(m.protocol.counters().malformed_lines == 1);
  }
}

TEST_CASE("ListWatchProtocol: Retry-After is respected, at the list and at the watch", "[kube]") {
  Machine m;
  m.start();
  CHECK(m.page_failed(Code::kThrottled, std::chrono::seconds(7)) == "drop state:throttled");
  CHECK(m.wait() == std::chrono::seconds(7));
  CHECK(m.at_deadline() == "drop fetch");
  m.page(10);
  m.failed(Code::kThrottled, std::chrono::seconds(9));
  CHECK(m.wait() == std::chrono::seconds(9));
  CHECK(m.at_deadline() == "fetch/1");
}

TEST_CASE("ListWatchProtocol: backoff doubles to 30 s and is forgotten after health", "[kube]") {
  Machine m;
  m.start();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 8; ++i) {
    m.page_failed(Code::kUnavailable);
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(m.wait()).count());
    m.at_deadline();
  }
  CHECK(waits == std::vector<std::int64_t>{400, 800, 1600, 3200, 6400, 12800, 15000, 15000});
  m.page(10);
  m.opened();
  m.now += kBackoffForgetAfter - 1s;
  m.failed(Code::kUnavailable);
  CHECK(m.wait() == 15s);
  m.at_deadline();
  m.page(10);
  m.opened();
  m.now += kBackoffForgetAfter;
  m.failed(Code::kUnavailable);
  CHECK(m.wait() == kBackoffMin / 2);
}

TEST_CASE("ListWatchProtocol: the state is reported when it changes", "[kube]") {
  Machine m;
  m.start();
  CHECK(m.page_failed(Code::kUnavailable) == "drop state:unavailable");
  m.at_deadline();
  CHECK(m.page_failed(Code::kUnavailable) == "drop");
  m.at_deadline();
  CHECK(m.page_failed(Code::kForbidden) == "drop state:forbidden");
  m.at_deadline();
  m.page(10);
  CHECK(m.opened() == "state:ok");
}

TEST_CASE("ListWatchProtocol: a list below what was delivered is refused, then taken as a restore",
          "[kube]") {
  Machine m;
  m.synced_at(100);
  m.event(120);
  m.failed(Code::kMalformed);
  m.at_deadline();
  for (int i = 0; i < kStaleListsMax; ++i) {
    const std::string steps = m.page(110, "p2");
    CHECK(steps.starts_with("drop"));
    CHECK(m.protocol.version() == ResourceVersion(120));
    CHECK(m.at_deadline() == "drop fetch");
  }
  CHECK(m.page(110, "p2") == "keep fetch:p2");
  CHECK(m.page(110) == "keep deliver:110 watch:110");
  CHECK(m.protocol.counters().stale_lists == kStaleListsMax);
  CHECK(m.protocol.counters().history_resets == 1);
}

TEST_CASE("ListWatchProtocol: a page over the size limit is asked for in smaller pages", "[kube]") {
  Machine m;
  m.start();
  CHECK(m.page_failed(Code::kTooLarge) == "drop fetch/125");
  CHECK(m.page_failed(Code::kTooLarge) == "drop fetch/31");
  CHECK(m.page_failed(Code::kTooLarge) == "drop fetch/7");
  CHECK(m.page_failed(Code::kTooLarge) == "drop fetch/1");
  CHECK(m.page_failed(Code::kTooLarge) == "drop state:too_large");
}

TEST_CASE("ListWatchProtocol: a silent watch is replaced", "[kube]") {
  Machine m;
  m.synced_at(10);
  CHECK(m.wait() == kWatchTimeoutMin + kWatchGrace);  // a server without bookmarks may be silent
  m.event(11, WatchEventType::kBookmark);
  CHECK(m.wait() == kBookmarkSilenceMax);
  m.now += 1min;
  m.event(12);
  CHECK(m.wait() == kBookmarkSilenceMax);
  CHECK(m.at_deadline() == "close drop state:timeout");
  CHECK(m.at_deadline() == "fetch/1");
  CHECK(m.page(12) == "drop watch:12");
}

TEST_CASE("ListWatchProtocol: late input of an earlier state is ignored", "[kube]") {
  Machine m;
  m.synced_at(10);
  CHECK(m.page(99).empty());
  CHECK(m.page_failed(Code::kGone).empty());
  m.failed(Code::kUnavailable);
  CHECK(m.ended().empty());
  CHECK_FALSE(m.event(50));
  CHECK(m.protocol.version() == ResourceVersion(10));
}

// ---- Scripted histories: a model of an API server with faults, one seed each.

namespace {

class SeededRandom : public seam::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::string bytes(std::size_t count) override { return std::string(count, 'x'); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

using State = std::map<int, std::uint64_t>;  // object -> resourceVersion

struct Change {
  std::uint64_t version;
  int object;
  bool deleted;
};

struct Server {
  void mutate(SeededRandom& random) {
    const int object = static_cast<int>(random.below(12));
    const bool deleted = state.contains(object) && random.one_in(3);
    ++version;
    if (deleted) {
      state.erase(object);
    } else {
      state[object] = version;
    }
    log.push_back({version, object, deleted});
    snapshots[version] = state;
    if (random.one_in(15)) compacted = version - random.below(3);
  }

  State state;
  std::uint64_t version = 100;
  std::uint64_t compacted = 0;  // watches from below it are gone
  std::vector<Change> log;
  std::map<std::uint64_t, State> snapshots{{100, {}}};
};

/// Performs the protocol's steps against the model; its cache is what a controller would hold.
struct Follower {
  Follower(Server& s, SeededRandom& r) : server(s), random(r), protocol(r) {}

  void run(ListWatchSteps steps) {
    while (!steps.empty()) {
      ListWatchSteps next;
      for (const ListWatchStep& step : steps) {
        if (const auto* fetch = std::get_if<FetchPage>(&step)) next = answer(*fetch);
        if (std::get_if<DropPages>(&step)) pages.clear();
        if (std::get_if<KeepPage>(&step)) pages.insert(page.begin(), page.end());
        if (const auto* list = std::get_if<DeliverList>(&step)) deliver(list->version.value());
        if (const auto* watch = std::get_if<OpenWatch>(&step)) next = open(watch->from.value());
        if (std::get_if<CloseWatch>(&step)) watching = false;
      }
      steps = std::move(next);
    }
  }

  ListWatchSteps answer(const FetchPage& fetch) {
    ++requests;
    if (fetch.continue_token.empty()) {
      list_version = server.version;
      if (faults && random.one_in(10)) {  // a server that lags
        auto older = server.snapshots.begin();
        std::advance(older, static_cast<long>(random.below(server.snapshots.size())));
        list_version = older->first;
      }
    }
    if (faults && random.one_in(6)) {
      const Code codes[] = {Code::kGone, Code::kThrottled, Code::kUnavailable, Code::kTimeout};
      return protocol.on_page_failed(now, {codes[random.below(4)], "fault", {}});
    }
    const State& all = server.snapshots.at(list_version);
    const int from = fetch.continue_token.empty() ? -1 : std::stoi(fetch.continue_token);
    page.clear();
    auto at = all.upper_bound(from);
    for (; at != all.end() && page.size() < 4; ++at) page.insert(*at);
    const bool last = at == all.end();
    const std::string token = last ? "" : std::to_string(page.rbegin()->first);
    return protocol.on_page(now, ResourceVersion(list_version), token);
  }

  void deliver(std::uint64_t version) {
    const bool restored = protocol.counters().history_resets > resets;
    resets = protocol.counters().history_resets;
    if (version < highest && !restored) went_back = true;
    highest = version;
    if (pages != server.snapshots.at(version)) partial_list = true;
    cache = pages;
  }

  ListWatchSteps open(std::uint64_t from) {
    ++requests;
    if (from < server.compacted) return protocol.on_watch_end(now, Error{Code::kGone, "old", {}});
    if (faults && random.one_in(8)) {
      return protocol.on_watch_end(now, Error{Code::kUnavailable, "refused", {}});
    }
    watching = true;
    sent = from;
    return protocol.on_watch_open(now);
  }

  /// What the server's stream brings until now.
  void stream() {
    for (const Change& change : server.log) {
      if (!watching) return;
      if (change.version <= sent) continue;
      if (faults && random.one_in(12)) return run(end_with_fault());
      sent = change.version;
      take(change);
      if (faults && random.one_in(10)) take(server.log[random.below(server.log.size())]);  // again
    }
    if (watching && random.one_in(4)) {
      protocol.on_event(now, WatchEventType::kBookmark, ResourceVersion(sent));
    }
  }

  ListWatchSteps end_with_fault() {
    switch (random.below(4)) {
      case 0:
        return protocol.on_watch_end(now, std::nullopt);
      case 1:
        return protocol.on_watch_end(now, Error{Code::kUnavailable, "cut", {}});
      case 2:
        return protocol.on_watch_end(now, Error{Code::kMalformed, "line", {}});
      default:
        return protocol.on_watch_end(now, Error{Code::kGone, "in stream", {}});
    }
  }

  void take(const Change& change) {
    if (change.version > sent) return;  // the model repeats, it does not foretell
    const auto type = change.deleted ? WatchEventType::kDeleted : WatchEventType::kModified;
    if (!protocol.on_event(now, type, ResourceVersion(change.version))) return;
    if (change.version <= highest) went_back = true;
    highest = change.version;
    if (change.deleted) {
      cache.erase(change.object);
    } else {
      cache[change.object] = change.version;
    }
  }

  void tick() {
    now += 500ms;
    stream();
    if (now >= protocol.deadline()) run(protocol.on_deadline(now));
  }

  Server& server;
  SeededRandom& random;
  ListWatchProtocol protocol;
  TimePoint now{std::chrono::hours(1)};
  State page, pages, cache;
  std::uint64_t list_version = 0, sent = 0, highest = 0, resets = 0;
  int requests = 0;
  bool faults = true, watching = false, went_back = false, partial_list = false;
};

}  // namespace

TEST_CASE("ListWatchProtocol: 500 histories end with the server's state and never go back",
          "[kube]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SeededRandom random(seed);
    Server server;
    Follower follower(server, random);
    follower.run(follower.protocol.start());
    int ticks = 0;
    for (; ticks < 200; ++ticks) {
      if (random.one_in(2)) server.mutate(random);
      follower.tick();
    }
    follower.faults = false;
    for (; ticks < 200 + 1500; ++ticks)
      follower.tick();  // 12.5 min: past every backoff and timeout
    INFO("seed " << seed);
    CHECK(follower.cache == server.state);
    CHECK_FALSE(follower.went_back);
    CHECK_FALSE(follower.partial_list);
    CHECK(follower.requests < ticks);  // no busy loop: fewer than 2 a second
  }
}
