#include "edgecore/metamanager/metamanager.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "common/base/assert.h"
#include "common/base/log.h"

namespace skerry::metamanager {

/// Shared by the loop, the store thread and callbacks on their way between them.
struct MetaManager::Impl : std::enable_shared_from_this<Impl> {
  struct Job {
    Batch batch;
    CommitDone done;
    std::function<void(Store&)> read;  // set: a read, and the rest is empty
  };
  /// What one written group has to tell the loop.
  struct Outcome {
    std::vector<ObjectKey> objects;
    std::vector<lane::Report> reports;
    std::vector<lane::TokenSlot> tokens;
    std::vector<CommitDone> done;
    Result<void> result;
  };

  Impl(async::Executor loop, std::unique_ptr<Store> opened)
      : executor(std::move(loop)), store(std::move(opened)) {}

  bool enqueue(Job& job);  // moved from when true
  void run();              // the store thread
  std::deque<Job> take_group();
  void write_group(std::deque<Job> group);
  void note_store();
  void tell(const std::shared_ptr<Outcome>& outcome);
  template <class T>
  static async::Task<Result<T>> read(std::shared_ptr<Impl> self,
                                     std::function<Result<T>(Store&)> question);

  const async::Executor executor;
  std::unique_ptr<Store> store;  // store thread only, once it runs
  std::thread thread;

  std::mutex mutex;  // guards jobs, stopping
  std::condition_variable work;
  std::deque<Job> jobs;
  bool stopping = false;

  // Loop only.
  bool closed = false;
  std::function<void(const std::vector<ObjectKey>&)> objects_changed;
  std::function<void(std::vector<lane::Report>)> reports_added;
  std::function<void(const std::vector<lane::TokenSlot>&)> tokens_changed;

  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> batches{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> bad_rows{0};
  std::atomic<std::uint64_t> written_bytes{0};
  std::atomic<std::uint64_t> waiting_reports{0};
  std::atomic<std::uint64_t> dropped_events{0};
  std::atomic<std::size_t> waiting{0};
};

// ---- the queue ----------------------------------------------------------------------------------

bool MetaManager::Impl::enqueue(Job& job) {
  {
    const std::lock_guard lock(mutex);
    SKERRY_ASSERT(!stopping, "the MetaManager is gone");
    if (jobs.size() >= kQueuedJobsMax) return false;
    jobs.push_back(std::move(job));
    ++waiting;
  }
  work.notify_one();
  return true;
}

/// One read, or all writes up to the next read: a read sees every write before it.
std::deque<MetaManager::Impl::Job> MetaManager::Impl::take_group() {
  std::unique_lock lock(mutex);
  work.wait(lock, [this] { return stopping || !jobs.empty(); });
  std::deque<Job> group;
  while (!jobs.empty() && group.size() < kGroupedBatchesMax) {
    const bool reads = static_cast<bool>(jobs.front().read);
    if (reads && !group.empty()) break;
    group.push_back(std::move(jobs.front()));
    jobs.pop_front();
    if (reads) break;
  }
  return group;
}

void MetaManager::Impl::run() {
  for (;;) {
    std::deque<Job> group = take_group();
    if (group.empty()) return;  // stopping, and nothing is left
    if (group.front().read) {
      group.front().read(*store);
    } else {
      write_group(std::move(group));
    }
    note_store();
  }
}

/// On the store thread, or before it runs: what figures() says of the store itself.
void MetaManager::Impl::note_store() {
  bad_rows = store->bad_rows();
  written_bytes = store->written_bytes();
  waiting_reports = store->waiting_reports();
  dropped_events = store->dropped_events();
}

void MetaManager::Impl::write_group(std::deque<Job> group) {
  auto outcome = std::make_shared<Outcome>();
  Batch all;
  for (Job& job : group) {
    all.append(std::move(job.batch));
    outcome->done.push_back(std::move(job.done));
  }
  batches += group.size();
  auto added = store->commit(all);
  note_store();
  if (added) {
    ++commits;
    outcome->reports = std::move(*added);
    for (const ObjectChange& change : all.changes) {
      const bool upsert = change.verb == ObjectChange::Verb::kUpsert;
      outcome->objects.push_back(upsert ? change.upsert.object->key : change.key);
    }
    std::sort(outcome->objects.begin(), outcome->objects.end());
    outcome->objects.erase(std::unique(outcome->objects.begin(), outcome->objects.end()),
                           outcome->objects.end());
    for (const lane::TokenGrant& grant : all.tokens) outcome->tokens.push_back(grant.slot);
  } else {
    ++failures;
    outcome->result = fail(added.error());
  }
  // Moved: what the callbacks hold is destroyed on the loop, never on this thread.
  async::post(executor,
              [self = shared_from_this(), outcome = std::move(outcome)] { self->tell(outcome); });
}

/// On the loop. Listeners first: when `done` runs, those who act already know.
void MetaManager::Impl::tell(const std::shared_ptr<Outcome>& outcome) {
  if (!closed && objects_changed && !outcome->objects.empty()) objects_changed(outcome->objects);
  if (!closed && tokens_changed && !outcome->tokens.empty()) tokens_changed(outcome->tokens);
  if (!closed && reports_added && !outcome->reports.empty()) {
    reports_added(std::move(outcome->reports));
  }
  for (const CommitDone& done : outcome->done) {
    --waiting;
    if (done) done(outcome->result);
  }
}

// ---- for the loop -------------------------------------------------------------------------------

MetaManager::MetaManager(async::Executor executor, std::unique_ptr<Store> store)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(store))) {
  SKERRY_ASSERT(impl_->store != nullptr, "a MetaManager has a store");
  impl_->note_store();
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

MetaManager::~MetaManager() {
  impl_->closed = true;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_one();
  impl_->thread.join();
  impl_->store.reset();  // callbacks may outlive us; the file must not stay open for them
}

void MetaManager::commit(Batch batch, CommitDone done) {
  auto shared = std::make_shared<CommitDone>(std::move(done));
  Impl::Job job;
  job.batch = std::move(batch);
  job.done = [shared](Result<void> result) {
    if (*shared) (*shared)(std::move(result));
  };
  if (impl_->enqueue(job)) return;
  async::post(impl_->executor, [shared] {
    if (*shared) (*shared)(fail(Code::kUnavailable, "the store is behind: too many writes wait"));
  });
}

async::Task<Result<void>> MetaManager::commit(Batch batch) {
  const auto job = std::make_shared<Impl::Job>();
  job->batch = std::move(batch);
  const auto impl = impl_;
  std::function<void(CommitDone)> start = [impl, job](CommitDone done) {
    job->done = std::move(done);
    if (impl->enqueue(*job)) return;
    job->done(fail(Code::kUnavailable, "the store is behind: too many writes wait"));
  };
  co_return co_await async::from_callback<Result<void>>(std::move(start));
}

void MetaManager::log_not_stored(std::string_view what, const Error& error) {
  if (error.code == Code::kStorage) return log::debug(what, {error});
  log::error(what, {error});
}

template <class T>
async::Task<Result<T>> MetaManager::Impl::read(std::shared_ptr<Impl> self,
                                               std::function<Result<T>(Store&)> question) {
  using Done = std::function<void(Result<T>)>;
  std::function<void(Done)> start = [self, question](Done done) {
    auto shared = std::make_shared<Done>(std::move(done));
    Job job;
    job.read = [question, shared, self](Store& store) mutable {
      async::post(self->executor, [shared = std::move(shared), self,
                                   answer = question(store)]() mutable {
        --self->waiting;
        (*shared)(std::move(answer));
      });
    };
    if (self->enqueue(job)) return;
    (*shared)(fail(Code::kUnavailable, "the store is behind: too many calls wait"));
  };
  co_return co_await async::from_callback<Result<T>>(std::move(start));
}

async::Task<Result<std::optional<StoredObject>>> MetaManager::get(ObjectKey key) {
  return Impl::read<std::optional<StoredObject>>(
      impl_, [key = std::move(key)](Store& store) { return store.get(key); });
}

async::Task<Result<std::vector<StoredObject>>> MetaManager::list(k8s::Kind kind) {
  return Impl::read<std::vector<StoredObject>>(impl_,
                                               [kind](Store& store) { return store.list(kind); });
}

async::Task<Result<std::vector<TerminatingPod>>> MetaManager::terminating() {
  return Impl::read<std::vector<TerminatingPod>>(impl_,
                                                 [](Store& store) { return store.terminating(); });
}

async::Task<Result<std::optional<PodState>>> MetaManager::pod_state(Uid pod) {
  return Impl::read<std::optional<PodState>>(
      impl_, [pod = std::move(pod)](Store& store) { return store.pod_state(pod); });
}

async::Task<Result<std::optional<std::string>>> MetaManager::status_seed(Uid pod) {
  return Impl::read<std::optional<std::string>>(
      impl_, [pod = std::move(pod)](Store& store) { return store.status_seed(pod); });
}

async::Task<Result<std::optional<lane::TokenGrant>>> MetaManager::token(lane::TokenSlot slot) {
  return Impl::read<std::optional<lane::TokenGrant>>(
      impl_, [slot = std::move(slot)](Store& store) { return store.token(slot); });
}

async::Task<Result<std::vector<lane::Report>>> MetaManager::reports_after(ReportSeq after,
                                                                          std::size_t limit) {
  return Impl::read<std::vector<lane::Report>>(
      impl_, [after, limit](Store& store) { return store.reports_after(after, limit); });
}

async::Task<Result<MetaManager::Snapshot>> MetaManager::snapshot() {
  return Impl::read<Snapshot>(impl_, [](Store& store) -> Result<Snapshot> {
    Snapshot out;
    out.store = store.id();
    out.cluster = store.cluster();
    out.content = store.content();
    out.status = store.status();
    out.seen = store.seen();
    out.waiting_reports = store.waiting_reports();
    out.dropped_events = store.dropped_events();
    return out;
  });
}

void MetaManager::on_objects_changed(std::function<void(const std::vector<ObjectKey>&)> listener) {
  SKERRY_ASSERT(!impl_->objects_changed, "one listener");
  impl_->objects_changed = std::move(listener);
}

void MetaManager::on_reports_added(std::function<void(std::vector<lane::Report>)> listener) {
  SKERRY_ASSERT(!impl_->reports_added, "one listener");
  impl_->reports_added = std::move(listener);
}

void MetaManager::on_tokens_changed(
    std::function<void(const std::vector<lane::TokenSlot>&)> listener) {
  SKERRY_ASSERT(!impl_->tokens_changed, "one listener");
  impl_->tokens_changed = std::move(listener);
}

MetaManager::Figures MetaManager::figures() const {
  return {impl_->commits,       impl_->batches,         impl_->failures,      impl_->bad_rows,
          impl_->written_bytes, impl_->waiting_reports, impl_->dropped_events,
          impl_->waiting};
}

}  // namespace skerry::metamanager
