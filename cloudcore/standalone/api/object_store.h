// All objects of the standalone API, in memory, over the Storage: what requests read, where writes
// are put in line, and who watches. One writer, so every read sees whole states.
//
// A write goes: Rest -> ObjectStore::write (the line) -> Storage::append (one fsync for all that
// wait) -> the entry, the event, the watchers. Nothing is visible before it is durable.
//
// Owner: Api. Thread: its loop. Limits: kEventsKept a resource for watchers that come back, above
// that they list again (410); kWritesWaitingMax.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/api/stored_object.h"
#include "cloudcore/standalone/storage/storage.h"
#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::size_t kEventsKept = 8192;
inline constexpr std::size_t kEventBytesKept = 8 * kMiB;
inline constexpr std::size_t kWritesWaitingMax = 4096;

/// Where an object is: the storage prefix of its resource, and its name.
struct ObjectPlace {
  std::string prefix;
  std::string ns;
  std::string name;
};

struct ObjectEvent {
  Revision revision = 0;
  StoredObjectPtr before;  // null: added
  StoredObjectPtr after;   // null: deleted
  StoredObjectPtr gone;    // deleted: the last state, at the revision of its end
};
using ObjectEventPtr = std::shared_ptr<const ObjectEvent>;

struct ObjectPage {
  std::vector<StoredObjectPtr> items;
  Revision revision = 0;      // the state that all pages of this list show
  std::string next;           // "<ns>/<name>" of the last item; empty: this was the last page
  std::size_t remaining = 0;  // how many more there are
};

using ObjectFilter = std::function<bool(const StoredObject&)>;

struct ListQuery {
  std::string prefix;
  std::string ns;         // empty: all
  ObjectFilter matches;   // null: all
  std::size_t limit = 0;  // 0: all
  std::string after;      // "<ns>/<name>"
  Revision at = 0;        // 0: now
};

/// One watcher's place in a resource's events. Owner: whoever reads it. Thread: the loop's.
class ObjectWatch {
 public:
  ~ObjectWatch();
  /// Events after the last call, in order; waits for the first. Empty at the deadline.
  /// Errors: kGone (the reader was too slow: events were dropped), kCancelled (the store stops).
  async::Task<Result<std::vector<ObjectEventPtr>>> next(TimePoint deadline);
  /// Ends a next() that waits, now and later, with kCancelled.
  void cancel();
  /// Of the newest event of any resource, when next() has nothing left: what a bookmark says.
  Revision caught_up_to() const;

 private:
  friend class ObjectStore;
  struct State;
  explicit ObjectWatch(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

class ObjectStore {
 public:
  ObjectStore(std::unique_ptr<Storage> storage, async::Executor executor);
  ~ObjectStore();

  /// Reads everything once, and the newest revisions as events: watches go on over a restart.
  /// Errors: kStorage, kMalformed (a row that is no object: its key).
  async::Task<Result<void>> load();
  async::Task<void> stop();

  StoredObjectPtr get(const ObjectPlace& place) const;  // null: none
  /// Errors: kGone (`at` is older than the events kept).
  Result<ObjectPage> list(const ListQuery& query) const;
  std::size_t count(const std::string& prefix) const;

  /// Puts (or, without `object`, deletes) one object if its revision is `expected` (0: must not
  /// exist). The answer is the new object; for a deletion the last one, at the revision of its end.
  /// Errors: kConflict, kStorage, kThrottled (too many writes wait).
  async::Task<Result<StoredObjectPtr>> write(ObjectPlace place,
                                             std::shared_ptr<const nlohmann::json> object,
                                             Revision expected);

  /// Events after `from`; 0: from now. Errors: kGone.
  Result<std::unique_ptr<ObjectWatch>> watch(const std::string& prefix, Revision from);

  /// Is told of every event of every resource when it happens, inside the write; for indexes.
  using Listener = std::function<void(const std::string& prefix, const ObjectEvent& event)>;
  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }
  /// The resources that have objects.
  std::vector<std::string> prefixes() const;

  Revision current() const { return current_; }
  Storage& storage() { return *storage_; }

 private:
  friend class ObjectWatch;
  struct Resource;
  struct Waiting;

  Resource& resource(const std::string& prefix);
  const Resource* find_resource(const std::string& prefix) const;
  async::Task<void> commit_loop();
  async::Task<void> commit(std::vector<std::shared_ptr<Waiting>> group);
  async::Task<Result<void>> load_entries();
  async::Task<Result<void>> replay(Revision until);
  /// One change that is durable: the entry, its event. `key` is "<ns>/<name>".
  Result<StoredObjectPtr> apply(const std::string& prefix,
                                const std::string& key,
                                const std::optional<std::string>& stored,
                                Revision revision);
  void publish(const std::string& prefix, Resource& resource, ObjectEventPtr event);

  std::unique_ptr<Storage> storage_;
  async::Executor executor_;
  async::TaskGroup tasks_;
  async::Wakeup writes_wait_;
  std::map<std::string, std::unique_ptr<Resource>> resources_;
  std::deque<std::shared_ptr<Waiting>> waiting_;
  std::vector<Listener> listeners_;
  Revision current_ = 0;
  Revision events_from_ = 0;  // what happened after it was, or is, an event
  bool stopping_ = false;
};

}  // namespace skerry::standalone
