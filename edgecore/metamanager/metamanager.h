// The store behind one writer thread, for the loop: group commit, and a wake-up for those who act
// on the desired set. A push from the cloud and a reboot without a network enter edged at the same
// place: on_committed().
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/async/task.h"
#include "edgecore/metamanager/store.h"

namespace skerry::metamanager {

inline constexpr std::size_t kQueuedJobsMax = 4096;
inline constexpr std::size_t kGroupedBatchesMax = 256;

/// Owner: App. Thread: the loop of `executor`; the store itself runs on a thread of its own.
class MetaManager {
 public:
  using CommitDone = std::function<void(Result<void>)>;

  MetaManager(async::Executor executor, std::unique_ptr<Store> store);
  ~MetaManager();  // commits what is queued, joins the thread

  /// Queued batches are written together, in order, with one fsync. `done` runs on the loop.
  /// Errors: kStorage when the write failed (disk full): then nothing of the batches written
  /// together is stored, and later batches are tried again on their own; kUnavailable when more
  /// than kQueuedJobsMax calls wait. The caller keeps what was not stored.
  void commit(Batch batch, CommitDone done);
  async::Task<Result<void>> commit(Batch batch);
  /// For the log of those who try again later. A store that takes no writes tells that itself.
  static void log_not_stored(std::string_view what, const Error& error);

  async::Task<Result<std::optional<StoredObject>>> get(ObjectKey key);
  async::Task<Result<std::vector<StoredObject>>> list(k8s::Kind kind);
  async::Task<Result<std::vector<TerminatingPod>>> terminating();
  async::Task<Result<std::optional<PodState>>> pod_state(Uid pod);
  async::Task<Result<std::optional<std::string>>> status_seed(Uid pod);
  async::Task<Result<std::optional<lane::TokenGrant>>> token(lane::TokenSlot slot);
  async::Task<Result<std::vector<lane::Report>>> reports_after(ReportSeq after, std::size_t limit);

  /// Called on the loop after each durable commit with the keys of its changes, each once (one may
  /// be as it was), before `done`. Set once each, before the first commit; not called any more once
  /// the MetaManager is gone.
  void on_objects_changed(std::function<void(const std::vector<ObjectKey>&)> listener);
  /// Called on the loop after each durable commit that added reports, and with the tokens' slots.
  void on_reports_added(std::function<void(std::vector<lane::Report>)> listener);
  void on_tokens_changed(std::function<void(const std::vector<lane::TokenSlot>&)> listener);

  /// What Hello needs, taken on the store thread between two commits so that it is one state.
  struct Snapshot {
    StoreId store;
    ClusterId cluster;
    std::vector<lane::ContentEntry> content;
    std::vector<lane::StatusEntry> status;
    std::map<k8s::Kind, ResourceVersion> seen;
    std::size_t waiting_reports = 0;
    std::uint64_t dropped_events = 0;
  };
  async::Task<Result<Snapshot>> snapshot();

  /// For metrics and `edgecore status`.
  struct Figures {
    std::uint64_t commits = 0;   // groups written
    std::uint64_t batches = 0;   // batches in them
    std::uint64_t failures = 0;  // groups that were not stored
    std::uint64_t bad_rows = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t waiting_reports = 0;
    std::uint64_t dropped_events = 0;
    std::size_t waiting = 0;  // calls whose answer is on its way
  };
  Figures figures() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace skerry::metamanager
