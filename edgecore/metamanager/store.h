// The edge's truth: everything edgecore must still know after a power cut. Source: design.md
// section 5.
//
// SQLite, WAL, synchronous=FULL, locking_mode=EXCLUSIVE, a checksum per row. This class is
// synchronous and used by one thread (MetaManager's store thread; the simulator calls it directly).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/lane/message.h"
#include "common/seam/world.h"

namespace skerry::metamanager {

using k8s::ObjectKey;
using k8s::ObjectPtr;

/// An object as it is stored. A refused one counts in the digest and is not acted upon.
struct StoredObject {
  ObjectPtr object;
  std::string refused_code;  // empty: accepted
  std::string refused_reason;
  bool finalised = false;  // a pod that edged has finalised before the cloud removed it
};

/// A pod whose containers must end: its row left the desired set or its uid was replaced. A refused
/// pod comes here too, since an earlier content of it may run. A uid that is both here and in the
/// desired set is terminating.
struct TerminatingPod {
  ObjectPtr pod;
  bool operator==(const TerminatingPod&) const = default;
};

/// What edged must remember about one pod uid besides its spec. JSON, edged's own format
/// (edged/pod_state.h); opaque here.
struct PodState {
  Uid pod;
  std::string json;
};

/// One change of the desired set, in the order of the lane.
struct ObjectChange {
  enum class Verb : std::uint8_t { kUpsert, kRemove };
  Verb verb = Verb::kUpsert;
  StoredObject upsert;  // kUpsert
  std::optional<std::string>
      status_seed;  // kUpsert of a pod: kept as pod_state's seed if none exists
  ObjectKey key;    // kRemove
  Uid uid;          // kRemove: ignored unless the stored uid is this one
};

/// A report before it has a sequence number. State reports (everything but kEvent) replace the
/// waiting one of the same (kind, key, uid); events are a bounded log. A status with the hash that
/// was put last for its (kind, key, uid) is dropped here; a zero hash is never equal. The revision
/// of a stored report is its seq: increasing within one store, so the cloud compares revisions of
/// one StoreId only.
struct NewReport {
  lane::ReportKind kind = lane::ReportKind::kPodStatus;
  ObjectKey key;
  Uid uid;
  std::string body;
  k8s::StatusHash status_hash;  // kPodStatus, kNodeStatus: what Hello's status digest is made of
  bool force = false;  // store it although its status_hash is the one reported last (ReportAgain)
};

/// Everything that becomes durable together, in one transaction.
struct Batch {
  std::vector<ObjectChange> changes;
  std::vector<NewReport> reports;
  std::vector<ReportSeq> reports_done;  // acknowledged: dropped unless replaced meanwhile
  std::vector<PodState> pod_states;
  std::vector<lane::TokenGrant> tokens;
  // Terminating rows, pod states, seeds, tokens and waiting status reports of these uids go (after
  // the reports of this batch were added; kFinalised itself stays). A uid that is still desired is
  // marked.
  std::vector<Uid> finalised;
  std::optional<ClusterId> cluster;
  std::optional<WallTime> time_floor;  // only ever rises; on disk at most 6 h behind

  bool empty() const;
  void append(Batch&& later);  // group commit: `later` happens after *this
};

struct Limits {
  std::size_t event_reports_max = 1000;  // oldest dropped and counted
  bool sync_each_commit = true;          // false only in tests: the control of the power-cut test
};

/// Errors of all calls: kStorage with one line that says what to do.
class Store {
 public:
  struct Opened;
  /// Opens or creates `path`; a damaged file is moved to `path`.damaged-<time> and a new one begun.
  /// Of damaged ones the newest three are kept. Rows whose checksum is wrong are dropped and
  /// counted. `vfs`: SQLite VFS name for tests (there a damaged file is deleted), null for the
  /// system's.
  static Result<Opened> open(const std::string& path,
                             seam::World world,
                             Limits limits,
                             const char* vfs = nullptr);
  virtual ~Store() = default;

  /// Durable when it returns ok; nothing changed when it does not. Writes nothing (no transaction)
  /// when the batch changes nothing. Returns the reports that were added, numbered.
  virtual Result<std::vector<lane::Report>> commit(const Batch& batch) = 0;

  virtual Result<std::optional<StoredObject>> get(const ObjectKey& key) = 0;
  virtual Result<std::vector<StoredObject>> list(k8s::Kind kind) = 0;
  virtual Result<std::vector<TerminatingPod>> terminating() = 0;
  virtual Result<std::optional<PodState>> pod_state(const Uid& pod) = 0;
  /// The status_seed that came with the pod, if edged has not stored a state of its own yet.
  virtual Result<std::optional<std::string>> status_seed(const Uid& pod) = 0;
  virtual Result<std::optional<lane::TokenGrant>> token(const lane::TokenSlot& slot) = 0;
  /// Waiting reports with seq > after, in order, at most `limit`.
  virtual Result<std::vector<lane::Report>> reports_after(ReportSeq after, std::size_t limit) = 0;

  // From memory; kept in step with the commits.
  virtual const StoreId& id() const = 0;
  virtual const ClusterId& cluster() const = 0;
  virtual WallTime time_floor() const = 0;
  virtual std::vector<lane::ContentEntry> content() const = 0;  // for digests and listings
  virtual std::vector<lane::StatusEntry> status() const = 0;    // hash put last, per live pod, node
  virtual std::map<k8s::Kind, ResourceVersion> seen() const = 0;
  virtual std::uint64_t dropped_events() const = 0;
  virtual std::size_t waiting_reports() const = 0;
  /// Rows dropped since the store was opened because their checksum was wrong. Of a dropped object
  /// nothing is known until the cloud resends it, so what runs of it is kept.
  virtual std::uint64_t bad_rows() const = 0;
  /// Bytes of pages written to the log since the store was opened.
  virtual std::uint64_t written_bytes() = 0;
};

struct Store::Opened {
  std::unique_ptr<Store> store;
  std::string damaged_file;  // where a damaged one was put aside; empty: none
};

}  // namespace skerry::metamanager
