#include "cloudcore/standalone/api/object_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/base/assert.h"
#include "common/base/log.h"

namespace skerry::standalone {

using async::Task;

namespace {

constexpr std::size_t kLoadPage = 1000;
/// How far back watches reach after a restart: the newest revisions are replayed as events.
constexpr Revision kRevisionsReplayed = 8192;
constexpr std::size_t kGroupMax = 256;

std::string entry_key(const std::string& ns, const std::string& name) { return ns + "/" + name; }

/// What an event holds in memory beyond what the entries and the event before it hold.
std::size_t size_of(const ObjectEvent& event) {
  return event.after ? event.after->json->size() : event.gone->json->size();
}

}  // namespace

struct ObjectStore::Resource {
  std::map<std::string, StoredObjectPtr> entries;  // by "<ns>/<name>"
  std::deque<ObjectEventPtr> events;               // oldest first
  std::size_t event_bytes = 0;
  Revision events_after = 0;  // every event with a higher revision is in `events`
  std::set<ObjectWatch::State*> watches;
};

struct ObjectStore::Waiting {
  Waiting(async::Executor executor, ObjectPlace p) : place(std::move(p)), done(executor) {}
  ObjectPlace place;
  std::optional<std::string> stored;
  Revision expected = 0;
  async::Wakeup done;
  std::optional<Result<StoredObjectPtr>> answer;
};

// ---- watches ------------------------------------------------------------------------------------

struct ObjectWatch::State {
  State(async::Executor executor, ObjectStore* owner, ObjectStore::Resource* of)
      : store(owner), resource(of), wake(executor) {}
  ObjectStore* store;  // null: it is gone
  ObjectStore::Resource* resource;
  async::Wakeup wake;
  Revision after = 0;  // what was given out
  bool cancelled = false;
};

ObjectWatch::ObjectWatch(std::shared_ptr<State> state) : state_(std::move(state)) {
  state_->resource->watches.insert(state_.get());
}

ObjectWatch::~ObjectWatch() {
  if (state_->store != nullptr) state_->resource->watches.erase(state_.get());
}

Task<Result<std::vector<ObjectEventPtr>>> ObjectWatch::next(TimePoint deadline) {
  const std::shared_ptr<State> state = state_;
  for (;;) {
    if (state->cancelled || state->store == nullptr || state->store->stopping_) {
      co_return fail(Code::kCancelled, "the API goes down");
    }
    const auto& events = state->resource->events;
    if (state->after < state->resource->events_after) {
      co_return fail(Code::kGone, "too old resource version: " + std::to_string(state->after) +
                                      " (" + std::to_string(state->resource->events_after) + ")");
    }
    if (!events.empty() && events.back()->revision > state->after) {
      const auto first = std::upper_bound(
          events.begin(), events.end(), state->after,
          [](Revision at, const ObjectEventPtr& event) { return at < event->revision; });
      std::vector<ObjectEventPtr> out(first, events.end());
      state->after = out.back()->revision;
      co_return out;
    }
    const bool notified = co_await state->wake.wait_until(deadline);
    if (!notified) co_return std::vector<ObjectEventPtr>();
  }
}

void ObjectWatch::cancel() {
  state_->cancelled = true;
  state_->wake.notify();
}

Revision ObjectWatch::caught_up_to() const {
  if (state_->store == nullptr) return state_->after;
  const auto& events = state_->resource->events;
  const bool behind = !events.empty() && events.back()->revision > state_->after;
  return behind ? state_->after : state_->store->current_;
}

// ---- opening and closing ------------------------------------------------------------------------

ObjectStore::ObjectStore(std::unique_ptr<Storage> storage, async::Executor executor)
    : storage_(std::move(storage)), executor_(executor), tasks_(executor), writes_wait_(executor) {}

ObjectStore::~ObjectStore() {
  for (auto& [prefix, resource] : resources_) {
    for (ObjectWatch::State* watch : resource->watches) watch->store = nullptr;
  }
}

Task<Result<void>> ObjectStore::load() {
  const Revision now = storage_->current();
  current_ = std::max(storage_->compacted(), now - kRevisionsReplayed);
  if (current_ < 0) current_ = 0;
  events_from_ = current_;
  if (auto read = co_await load_entries(); !read) co_return fail(read.error());
  if (auto replayed = co_await replay(now); !replayed) co_return fail(replayed.error());
  current_ = now;
  tasks_.spawn("object writes", commit_loop());
  co_return Result<void>();
}

/// All objects as they were at current_.
Task<Result<void>> ObjectStore::load_entries() {
  if (current_ == 0) co_return Result<void>();  // before the first write there was nothing
  std::string after;
  for (;;) {
    const auto page = co_await storage_->list("", current_, after, kLoadPage);
    if (!page) co_return fail(page.error());
    for (const StoredValue& row : *page) {
      const std::string prefix = row.key.substr(0, row.key.find('/'));
      auto object = served_object(prefix, row.value, row.revision);
      if (!object) co_return fail("stored object " + row.key, object.error());
      const std::string key = entry_key((*object)->ns, (*object)->name);
      resource(prefix).entries.emplace(key, std::move(*object));
    }
    if (page->size() < kLoadPage) break;
    after = page->back().key;
  }
  co_return Result<void>();
}

/// What happened after current_, as events: a watch goes on over a restart.
Task<Result<void>> ObjectStore::replay(Revision until) {
  while (current_ < until) {
    const auto changes = co_await storage_->changes(current_, kLoadPage);
    if (!changes) co_return fail(changes.error());
    for (const StorageChange& change : *changes) {
      const std::size_t slash = change.key.find('/');
      auto shown = apply(change.key.substr(0, slash), change.key.substr(slash + 1), change.value,
                         change.revision);
      if (!shown) co_return fail("stored object " + change.key, shown.error());
    }
    if (changes->size() < kLoadPage) break;
  }
  co_return Result<void>();
}

Task<void> ObjectStore::stop() {
  stopping_ = true;
  writes_wait_.notify();
  for (auto& [prefix, resource] : resources_) {
    for (ObjectWatch::State* watch : resource->watches) watch->wake.notify();
  }
  co_await tasks_.join();
  co_await storage_->stop();
}

ObjectStore::Resource& ObjectStore::resource(const std::string& prefix) {
  std::unique_ptr<Resource>& found = resources_[prefix];
  if (!found) {
    found = std::make_unique<Resource>();
    found->events_after = events_from_;
  }
  return *found;
}

const ObjectStore::Resource* ObjectStore::find_resource(const std::string& prefix) const {
  const auto found = resources_.find(prefix);
  return found == resources_.end() ? nullptr : found->second.get();
}

// ---- reading ------------------------------------------------------------------------------------

StoredObjectPtr ObjectStore::get(const ObjectPlace& place) const {
  const Resource* found = find_resource(place.prefix);
  if (found == nullptr) return nullptr;
  const auto entry = found->entries.find(entry_key(place.ns, place.name));
  return entry == found->entries.end() ? nullptr : entry->second;
}

std::vector<std::string> ObjectStore::prefixes() const {
  std::vector<std::string> out;
  for (const auto& [prefix, resource] : resources_) {
    if (!resource->entries.empty()) out.push_back(prefix);
  }
  return out;
}

std::size_t ObjectStore::count(const std::string& prefix) const {
  const Resource* found = find_resource(prefix);
  return found == nullptr ? 0 : found->entries.size();
}

namespace {

/// The entries as they were at a past revision, where they differ from now: null: did not exist.
std::map<std::string, StoredObjectPtr> undone(const std::deque<ObjectEventPtr>& events,
                                              Revision at) {
  std::map<std::string, StoredObjectPtr> out;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if ((*event)->revision <= at) break;
    const StoredObject& any = (*event)->after ? *(*event)->after : *(*event)->before;
    out[entry_key(any.ns, any.name)] = (*event)->before;
  }
  return out;
}

}  // namespace

Result<ObjectPage> ObjectStore::list(const ListQuery& query) const {
  ObjectPage out;
  out.revision = query.at == 0 ? current_ : query.at;
  const Resource* found = find_resource(query.prefix);
  if (found == nullptr) return out;
  std::map<std::string, StoredObjectPtr> past;
  if (out.revision < current_) {
    if (out.revision < found->events_after) {
      return fail(Code::kGone,
                  "The provided continue parameter is too old to display a consistent "
                  "list result. You can start a new list without the continue "
                  "parameter.");
    }
    past = undone(found->events, out.revision);
  }
  const std::string first = query.ns.empty() ? std::string() : query.ns + "/";
  const auto take = [&](const StoredObjectPtr& object) {
    if (query.matches && !query.matches(*object)) return;
    if (query.limit != 0 && out.items.size() == query.limit) {
      ++out.remaining;
      return;
    }
    out.items.push_back(object);
  };
  auto now = query.after.empty() ? found->entries.lower_bound(first)
                                 : found->entries.upper_bound(query.after);
  auto then = query.after.empty() ? past.lower_bound(first) : past.upper_bound(query.after);
  const auto wanted = [&](const std::string& key) { return key.starts_with(first); };
  for (;;) {
    const bool has_now = now != found->entries.end() && wanted(now->first);
    const bool has_then = then != past.end() && wanted(then->first);
    if (!has_now && !has_then) break;
    if (has_then && (!has_now || then->first <= now->first)) {
      if (has_now && then->first == now->first) ++now;
      if (then->second) take(then->second);
      ++then;
    } else {
      take(now->second);
      ++now;
    }
  }
  if (out.remaining > 0) out.next = entry_key(out.items.back()->ns, out.items.back()->name);
  return out;
}

// ---- writing ------------------------------------------------------------------------------------

Task<Result<StoredObjectPtr>> ObjectStore::write(ObjectPlace place,
                                                 std::shared_ptr<const nlohmann::json> object,
                                                 Revision expected) {
  if (stopping_) co_return fail(Code::kUnavailable, "the API goes down");
  if (waiting_.size() >= kWritesWaitingMax) {
    co_return fail(Code::kThrottled, "too many writes wait for the disk; try again");
  }
  auto waiting = std::make_shared<Waiting>(executor_, std::move(place));
  if (object) waiting->stored = stored_bytes(*object);
  waiting->expected = expected;
  waiting_.push_back(waiting);
  writes_wait_.notify();
  while (!waiting->answer) co_await waiting->done.wait_until(TimePoint::max());
  co_return *waiting->answer;
}

Task<void> ObjectStore::commit_loop() {
  for (;;) {
    if (waiting_.empty()) {
      if (stopping_) co_return;
      co_await writes_wait_.wait_until(TimePoint::max());
      continue;
    }
    std::vector<std::shared_ptr<Waiting>> group;
    while (!waiting_.empty() && group.size() < kGroupMax) {
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    co_await commit(std::move(group));
  }
}

Task<void> ObjectStore::commit(std::vector<std::shared_ptr<Waiting>> group) {
  std::vector<StorageWrite> writes;
  for (const auto& each : group) {
    StorageWrite write;
    write.key = storage_key(each->place.prefix, each->place.ns, each->place.name);
    write.value = each->stored;
    write.expected = each->expected;
    writes.push_back(std::move(write));
  }
  const auto taken = co_await storage_->append(std::move(writes));
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!taken) {
      group[i]->answer = fail(taken.error());
    } else if (!(*taken)[i]) {
      group[i]->answer = fail((*taken)[i].error());
    } else {
      const ObjectPlace& place = group[i]->place;
      group[i]->answer =
          apply(place.prefix, entry_key(place.ns, place.name), group[i]->stored, *(*taken)[i]);
      SKERRY_ASSERT(group[i]->answer->has_value(), "our own bytes are an object");
    }
    group[i]->done.notify();
  }
}

Result<StoredObjectPtr> ObjectStore::apply(const std::string& prefix,
                                           const std::string& key,
                                           const std::optional<std::string>& stored,
                                           Revision revision) {
  Resource& of = resource(prefix);
  auto event = std::make_shared<ObjectEvent>();
  event->revision = revision;
  const auto entry = of.entries.find(key);
  if (entry != of.entries.end()) event->before = entry->second;
  StoredObjectPtr shown;
  if (stored) {
    auto object = served_object(prefix, *stored, revision);
    if (!object) return fail(object.error());
    shown = event->after = *object;
    of.entries[key] = *object;
  } else {
    if (!event->before) return fail(Code::kMalformed, "it is deleted and was not there");
    shown = event->gone = at_revision(*event->before, revision);
    of.entries.erase(entry);
  }
  current_ = revision;
  publish(prefix, of, std::move(event));
  return shown;
}

void ObjectStore::publish(const std::string& prefix, Resource& resource, ObjectEventPtr event) {
  for (const Listener& listener : listeners_) listener(prefix, *event);
  resource.event_bytes += size_of(*event);
  resource.events.push_back(std::move(event));
  while (resource.events.size() > kEventsKept ||
         (resource.event_bytes > kEventBytesKept && resource.events.size() > 1)) {
    resource.event_bytes -= size_of(*resource.events.front());
    resource.events_after = resource.events.front()->revision;
    resource.events.pop_front();
  }
  for (ObjectWatch::State* watch : resource.watches) watch->wake.notify();
}

Result<std::unique_ptr<ObjectWatch>> ObjectStore::watch(const std::string& prefix, Revision from) {
  Resource& of = resource(prefix);
  const Revision after = from == 0 ? current_ : from;
  if (after < of.events_after) {
    return fail(Code::kGone, "too old resource version: " + std::to_string(from) + " (" +
                                 std::to_string(of.events_after) + ")");
  }
  auto state = std::make_shared<ObjectWatch::State>(executor_, this, &of);
  state->after = after;
  return std::unique_ptr<ObjectWatch>(new ObjectWatch(std::move(state)));
}

}  // namespace skerry::standalone
