// Downstream of one session: what the node should hold, what it holds, and the difference, newest
// version first decided when it is sent. Private part of SessionProtocol; pure.
// Owner: SessionProtocol. Thread: its shard. Source: design.md 4.3, 4.4, 4.10.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "cloudcore/cloudhub/dirty_keys.h"
#include "cloudcore/cloudhub/node_backend.h"
#include "common/base/units.h"
#include "common/lane/message.h"

namespace skerry::cloudhub {

class SessionDelivery {
 public:
  static constexpr std::size_t kPreparesMax = 8;  // preludes asked for or waiting to be sent

  explicit SessionDelivery(bool remove_ignores_uid = false)
      : remove_ignores_uid_(remove_ignores_uid) {}

  /// The whole desired set. Nothing is dirty until assume_held() and held().
  void start(std::vector<k8s::ObjectPtr> desired);
  lane::Buckets digests() const;
  std::vector<lane::StatusEntry> statuses() const;

  /// Buckets that are equal on both sides: the edge holds there what is desired.
  void assume_held(std::uint16_t equal_buckets);
  /// What the edge says it holds in the other buckets. From here on keys are dirty.
  void held(const std::vector<lane::ContentEntry>& listed, std::uint16_t buckets);

  /// True: the change counts; false: it speaks of a uid that was replaced meanwhile.
  bool change(const DesiredChange& change);
  void prepared(const Uid& pod, PodPrelude prelude);
  /// Pods whose preludes are wanted; each is given once.
  std::vector<k8s::ObjectPtr> take_prepares();

  /// False: never sent.
  bool acked(Seq seq);
  /// The object that was refused, once; null: not in flight, refused before, or a Remove.
  k8s::ObjectPtr nacked(Seq seq);

  /// The next grant, Upsert or Remove that the window allows.
  std::optional<lane::Message> next();

  std::size_t objects() const { return slots_.size(); }
  std::size_t waiting() const;  // keys to be sent, pods whose prelude is awaited among them
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }
  bool idle() const { return dirty_.empty() && preparing_.empty() && flight_.empty(); }

  std::uint64_t upserts = 0, removes = 0;

 private:
  struct Held {
    Uid uid;
    k8s::ContentVersion version;
    bool operator==(const Held&) const = default;
  };
  struct Slot {
    k8s::ObjectPtr desired;  // null: not desired
    lane::RemoveReason reason = lane::RemoveReason::kDeleted;
    std::optional<Held> held;  // what the edge holds once it has committed everything sent
  };
  struct Flight {
    Seq seq;
    std::size_t bytes = 0;
    k8s::ObjectPtr object;  // null: a Remove, or refused
  };
  struct Preparing {
    Uid pod;
    std::optional<PodPrelude> prelude;  // empty: asked for, not yet answered
  };

  void judge(const k8s::ObjectKey& key, Slot& slot);
  bool needs_prelude(const Slot& slot) const;
  std::optional<lane::Message> send(const k8s::ObjectKey& key);
  lane::Message send_remove(const k8s::ObjectKey& key, Slot& slot);
  std::optional<lane::Message> send_upsert(const k8s::ObjectKey& key, Slot& slot);
  std::optional<lane::Message> send_behind_pod();
  void request_preludes();

  bool remove_ignores_uid_;
  bool judging_ = false;  // false until the edge's state is known
  std::map<k8s::ObjectKey, Slot> slots_;
  DirtyKeys dirty_;
  std::map<k8s::ObjectKey, Preparing>
      preparing_;  // pods taken out of dirty_ until their prelude is here
  std::vector<k8s::ObjectPtr> prepares_;
  std::list<lane::Message> burst_;  // grants and the Upsert of their pod, in this order
  std::list<Flight> flight_;
  std::size_t bytes_in_flight_ = 0;
  std::uint64_t last_seq_ = 0;
};

}  // namespace skerry::cloudhub
