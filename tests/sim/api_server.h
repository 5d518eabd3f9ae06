// A Kubernetes API server as far as the protocol can tell: objects with resourceVersions and uids,
// watch history that is compacted, preconditions, lagging reads, and a restore from an older
// snapshot.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/kube/watch_event.h"
#include "common/k8s/object.h"
#include "tests/sim/sim_run.h"

namespace skerry::sim {

using k8s::Kind;
using k8s::ObjectKey;
using k8s::ObjectPtr;

struct WatchRecord {
  ResourceVersion version;
  kube::WatchEventType type;
  ObjectPtr object;
};

class ApiServer {
 public:
  struct Record {
    Uid uid;
    NodeName node;             // pods
    std::set<ObjectKey> refs;  // pods
    std::uint64_t serial = 0;  // changes with every write of content: no content appears twice
    std::size_t padding = 0;
    bool deleting = false;
    std::string status = "{}";
    TimePoint since;  // of existence
    ObjectPtr object;
  };
  using Objects = std::map<ObjectKey, Record>;

  explicit ApiServer(Run& run);

  // ---- users
  void create(const ObjectKey& key, NodeName node, std::set<ObjectKey> refs, std::size_t padding);
  void update(const ObjectKey& key);
  void remove(const ObjectKey& key);  // pods of a node: marks them deleted; everything else: gone
  void remove_now(const ObjectKey& key);
  void set_status(const ObjectKey& key, const std::string& status);
  void compact();
  void take_snapshot();
  /// Goes back to the last snapshot. `bump`: resourceVersions go on above the old ones, as the etcd
  /// documentation recommends; otherwise they are used again.
  void restore(bool bump);

  // ---- cloudcore's requests; what faults do to them is decided here
  struct ListAnswer {
    std::vector<ObjectPtr> objects;
    ResourceVersion version;
  };
  Result<ListAnswer> list(Kind kind);
  ResourceVersion current_version() const { return ResourceVersion(version_); }
  ObjectPtr get(const ObjectKey& key) const;
  lane::ReportVerdict apply(const NodeName& node, const StoreId& store, const lane::Report& report);

  /// Records of `kind` after `from`. kGone: the history does not reach that far.
  /// `incarnation`: of the list that `from` goes back to. A restore ends every watch of before: a
  /// server that reuses resourceVersions and lets old watches go on cannot be followed by anybody.
  Result<std::vector<WatchRecord>> records_after(Kind kind,
                                                 ResourceVersion from,
                                                 std::uint64_t incarnation) const;
  std::uint64_t incarnation() const { return incarnation_; }
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

  // ---- for the workload and the invariants
  const Objects& objects() const { return objects_; }
  const Record* find(const ObjectKey& key) const;
  /// Where a pod uid belongs and what it refers to, also after its end.
  const Record* pod_of(const Uid& uid) const;
  /// Order of API writes: later content of a key has a higher ordinal. 0: never written.
  std::uint64_t ordinal(const Uid& uid, const k8s::ContentVersion& version) const;
  /// Some pod of this node has ever referred to it.
  bool was_referenced(const NodeName& node, const ObjectKey& key) const {
    return referenced_.contains({node, key});
  }
  const std::set<std::string>& events() const { return events_; }
  const std::set<Uid>& finalised() const { return finalised_; }

 private:
  void write(const ObjectKey& key, Record& record, kube::WatchEventType type, bool content);
  void append(kube::WatchEventType type, ObjectPtr object);
  lane::ReportVerdict apply_truly(const StoreId& store, const lane::Report& report);

  Run& run_;
  Objects objects_;
  std::uint64_t version_ = 100;
  std::uint64_t compacted_ = 0;
  std::uint64_t incarnation_ = 0;  // restores so far
  std::deque<WatchRecord> history_;
  std::uint64_t next_uid_ = 1;
  std::uint64_t serial_ = 0;
  std::uint64_t ordinals_ = 0;
  std::map<std::pair<Uid, Digest>, std::uint64_t> ordinal_;
  std::map<Uid, Record> pods_ever_;
  Objects snapshot_;
  std::uint64_t snapshot_version_ = 0;
  std::set<std::pair<NodeName, ObjectKey>> referenced_;
  std::set<std::string> events_;
  std::set<Uid> finalised_;
  std::function<void()> listener_ = [] {};
};

}  // namespace skerry::sim
