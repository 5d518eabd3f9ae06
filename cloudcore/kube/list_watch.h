// Keeps its owner informed of one selection of objects: a whole list, then every change after it,
// and a new whole list whenever the history was lost. The decisions are list_watch_protocol.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cloudcore/kube/client.h"
#include "common/k8s/object.h"

namespace skerry::kube {

enum class ChangeType : std::uint8_t { kAdded, kModified, kDeleted };

/// Entries of the owner, all on the control loop.
struct ListWatchHandlers {
  /// The whole truth at `version`: what is not in it does not exist. Called for every (re)list.
  std::function<void(std::vector<k8s::ObjectPtr>, ResourceVersion version)> on_list;
  /// Never with a version at or below one that was delivered before (until a restored cluster lists
  /// lower). kDeleted carries the object's last state.
  std::function<void(ChangeType, k8s::ObjectPtr)> on_event;
  /// Nothing: healthy (listed, watch open). An error: what it waits for; the last list stays valid.
  /// Called when it changes.
  std::function<void(std::optional<Error>)> on_state;
  /// Optional. What of an object the owner keeps; the same key, never null.
  std::function<k8s::ObjectPtr(k8s::ObjectPtr)> project;
};

struct ListWatchCounters {
  std::uint64_t lists = 0;    // whole lists delivered
  std::uint64_t watches = 0;  // watch requests
  std::uint64_t events = 0;   // events delivered
  std::uint64_t bookmarks = 0;
  std::uint64_t gone = 0;             // 410 answers
  std::uint64_t failures = 0;         // failed lists and watches, 410 not counted
  std::uint64_t malformed_lines = 0;  // or oversized
  std::uint64_t skipped_objects = 0;  // that make_object refused
  std::uint64_t stale_events = 0;     // at or below the version already delivered
  std::uint64_t stale_lists = 0;      // below it, refused
  std::uint64_t history_resets = 0;   // a lower list accepted: the cluster was restored
};

/// Owner: a controller. Thread: the control loop. Memory: while listing, the objects of the pages
/// so far; a failed page drops them. Errors: reported by on_state, retried for ever with backoff.
class ListWatch {
 public:
  ListWatch(Client& client,
            async::Executor executor,
            Selection selection,
            ListWatchHandlers handlers);
  ~ListWatch();  // stops
  ListWatch(const ListWatch&) = delete;
  ListWatch& operator=(const ListWatch&) = delete;

  void start();
  /// No handler is called afterwards. May be called inside a handler.
  void stop();

  bool synced() const;  // a whole list was delivered
  /// Highest version delivered: of a list, an event or a bookmark.
  ResourceVersion version() const;
  const ListWatchCounters& counters() const;

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace skerry::kube
