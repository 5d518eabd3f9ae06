// Storage on SQLite: a RevisionLog with a thread of its own, and group commit.
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "cloudcore/standalone/storage/replaced_file.h"
#include "cloudcore/standalone/storage/revision_log.h"
#include "cloudcore/standalone/storage/storage.h"
#include "common/base/assert.h"

namespace skerry::standalone {
namespace {

using async::Task;

constexpr std::size_t kGroupedAppendsMax = 512;
/// How far beyond the backup a file may have been that cannot be read any more.
constexpr Revision kRevisionsUnknown = Revision{1} << 32;

/// Shared by the loop, the storage thread and answers on their way between them.
struct State {
  using AppendDone = std::function<void(Result<RevisionLog::Written>)>;
  struct Job {
    std::vector<StorageWrite> writes;
    AppendDone done;
    std::function<void()> other;  // set: not an append
  };

  explicit State(async::Executor e) : executor(std::move(e)) {}

  void put(Job job);
  std::deque<Job> take_group();
  void run();  // the storage thread
  void append(std::deque<Job> group);
  void note();
  template <class T>
  static Task<Result<T>> call(std::shared_ptr<State> self, std::function<Result<T>()> work);

  const async::Executor executor;
  RevisionLog log;  // storage thread only, once it runs
  std::thread thread;

  std::mutex mutex;  // guards all below
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool stopping = false;
  Revision current = 0;
  Revision compacted = 0;
};

void State::put(Job job) {
  {
    const std::lock_guard lock(mutex);
    SKERRY_ASSERT(!stopping, "the storage was stopped");
    jobs.push_back(std::move(job));  // bounded by the API's limit of requests at a time
  }
  wake.notify_one();
}

/// One read or chore, or all appends up to the next one: order is kept.
std::deque<State::Job> State::take_group() {
  std::unique_lock lock(mutex);
  wake.wait(lock, [this] { return stopping || !jobs.empty(); });
  std::deque<Job> group;
  while (!jobs.empty() && group.size() < kGroupedAppendsMax) {
    const bool other = static_cast<bool>(jobs.front().other);
    if (other && !group.empty()) break;
    group.push_back(std::move(jobs.front()));
    jobs.pop_front();
    if (other) break;
  }
  return group;
}

void State::run() {
  for (;;) {
    std::deque<Job> group = take_group();
    if (group.empty()) return;  // stopping, and nothing is left
    if (group.front().other) {
      group.front().other();
    } else {
      append(std::move(group));
    }
  }
}

void State::append(std::deque<Job> group) {
  std::vector<std::vector<StorageWrite>> writes;
  for (Job& job : group) writes.push_back(std::move(job.writes));
  Result<std::vector<RevisionLog::Written>> written = log.append(writes);
  note();
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (written) {
      group[i].done(std::move((*written)[i]));
    } else {
      group[i].done(fail(written.error()));
    }
  }
}

void State::note() {
  const std::lock_guard lock(mutex);
  current = log.current();
  compacted = log.compacted();
}

template <class T>
Task<Result<T>> State::call(std::shared_ptr<State> self, std::function<Result<T>()> work) {
  using Done = std::function<void(Result<T>)>;
  std::function<void(Done)> start = [self, work](Done done) {
    Job job;
    job.other = [self, work, done = std::move(done)] {
      Result<T> answer = work();
      self->note();
      done(std::move(answer));
    };
    self->put(std::move(job));
  };
  co_return co_await async::from_callback<Result<T>>(std::move(start));
}

class SqliteStorage final : public Storage {
 public:
  explicit SqliteStorage(std::shared_ptr<State> state) : state_(std::move(state)) {
    state_->note();
    state_->thread = std::thread([state = state_.get()] { state->run(); });
  }
  ~SqliteStorage() override { end(); }

  Task<Result<std::vector<Result<Revision>>>> append(std::vector<StorageWrite> writes) override {
    std::function<void(State::AppendDone)> start =
        [state = state_,
         held = std::make_shared<std::vector<StorageWrite>>(std::move(writes))](auto done) {
          State::Job job;
          job.writes = std::move(*held);
          job.done = std::move(done);
          state->put(std::move(job));
        };
    return async::from_callback<Result<RevisionLog::Written>>(std::move(start));
  }

  Task<Result<std::vector<StoredValue>>> list(std::string prefix,
                                              Revision at,
                                              std::string after,
                                              std::size_t limit) override {
    return State::call<std::vector<StoredValue>>(
        state_, [log = &state_->log, prefix = std::move(prefix), at, after = std::move(after),
                 limit] { return log->list(prefix, at, after, limit); });
  }

  Task<Result<std::vector<StorageChange>>> changes(Revision from, std::size_t limit) override {
    return State::call<std::vector<StorageChange>>(
        state_, [log = &state_->log, from, limit] { return log->changes(from, limit); });
  }

  Task<Result<void>> compact(Revision before) override {
    return State::call<void>(state_, [log = &state_->log, before] { return log->compact(before); });
  }

  Task<Result<void>> backup(std::string file) override {
    return State::call<void>(
        state_, [log = &state_->log, file = std::move(file)] { return log->backup(file); });
  }

  Revision current() const override {
    const std::lock_guard lock(state_->mutex);
    return state_->current;
  }
  Revision compacted() const override {
    const std::lock_guard lock(state_->mutex);
    return state_->compacted;
  }

  Task<void> stop() override {
    end();
    co_return;
  }

 private:
  /// Waits for what was asked before: an fsync or two.
  void end() {
    {
      const std::lock_guard lock(state_->mutex);
      state_->stopping = true;
    }
    state_->wake.notify_one();
    if (state_->thread.joinable()) state_->thread.join();
  }

  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<Storage>> open_sqlite_storage(SqliteOptions options,
                                                     async::Executor executor) {
  auto state = std::make_shared<State>(std::move(executor));
  if (auto opened = state->log.open(options); !opened) return fail(opened.error());
  return std::make_unique<SqliteStorage>(std::move(state));
}

namespace {

/// A second name, not another one: at no moment is `file` missing.
Result<void> keep_replaced(const std::string& file) {
  namespace fs = std::filesystem;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    fs::remove(replaced_file(file) + suffix, error);
    if (!fs::exists(file + suffix)) continue;
    fs::create_hard_link(file + suffix, replaced_file(file) + suffix, error);
    if (!error) continue;
    fs::copy_file(file + suffix, replaced_file(file) + suffix, error);
    if (error) return fail(Code::kStorage, "cannot keep " + file + suffix + ": " + error.message());
  }
  return {};
}

}  // namespace

Result<void> restore_sqlite_storage(const std::string& backup, const std::string& file) {
  namespace fs = std::filesystem;
  const std::string incoming = file + ".restoring";
  std::error_code error;
  if (!fs::exists(backup)) return fail(Code::kNotFound, backup + " is not there");
  fs::copy_file(backup, incoming, fs::copy_options::overwrite_existing, error);
  if (error) return fail(Code::kStorage, "cannot copy " + backup + ": " + error.message());
  Revision above = 0;
  if (fs::exists(file)) {
    RevisionLog former;
    SqliteOptions options;
    options.file = file;
    const Result<void> opened = former.open(options);
    above = opened ? former.current() : kRevisionsUnknown;
    // A damaged file is why people restore; one in use is not to be touched.
    if (!opened && opened.error().what.find("in use") != std::string::npos) {
      return fail(Code::kConflict, file + " is in use: stop cloudcore first");
    }
  }
  {
    RevisionLog restored;
    SqliteOptions options;
    options.file = incoming;
    if (auto opened = restored.open(options); !opened) {
      return fail(Code::kMalformed,
                  backup + " is no backup that can be used: " + opened.error().what);
    }
    if (auto raised = restored.raise(std::max(above, restored.current()) + 1); !raised) {
      return raised;
    }
  }
  if (auto kept = keep_replaced(file); !kept) return kept;
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(file + suffix, error);
  fs::rename(incoming, file, error);
  if (error) return fail(Code::kStorage, "cannot put " + file + ": " + error.message());
  return {};
}

}  // namespace skerry::standalone
