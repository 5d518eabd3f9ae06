// Where the standalone API keeps its objects: a log of revisions. This interface is shaped so that
// etcd can stand behind it as well as SQLite: conditional writes by revision, reads at a revision,
// changes from a revision, compaction; nothing else is asked of it.
//
// A key is "<storage prefix>/<namespace or empty>/<name>"; a value is an object's stored bytes
// without its resourceVersion, which is the revision of the write.
//
// Owner: standalone's App part. Thread: calls from one loop, answers on it. Source: issue
// "Standalone" deliver 3; etcd's API (mod revision, compaction).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::standalone {

/// Position in the log, over all keys. The first write gets 1. Never goes back, also over a
/// restore.
using Revision = std::int64_t;

struct StoredValue {
  std::string key;
  std::string value;
  Revision revision = 0;  // of the write that made this value
};

struct StorageWrite {
  std::string key;
  std::optional<std::string> value;  // nothing: delete
  /// The key's revision that the writer saw; 0: the key must not exist.
  Revision expected = 0;
};

struct StorageChange {
  std::string key;
  std::optional<std::string> value;  // nothing: deleted
  Revision revision = 0;
};

class Storage {
 public:
  virtual ~Storage() = default;

  /// Each write by itself is taken at a revision of its own, in order, or refused (kConflict: the
  /// key's revision is another one). The call ends when all that were taken are durable (one
  /// fsync). Errors of the whole: kStorage (disk full, damage): then nothing was taken.
  virtual async::Task<Result<std::vector<Result<Revision>>>> append(
      std::vector<StorageWrite> writes) = 0;

  /// The newest values of all keys that begin with `prefix` (empty: all) at `at` (0: now), sorted
  /// by key, after the key `after`, `limit` at most (0: all). Errors: kGone (compacted), kStorage.
  virtual async::Task<Result<std::vector<StoredValue>>> list(std::string prefix,
                                                             Revision at,
                                                             std::string after,
                                                             std::size_t limit) = 0;

  /// What happened after `from`, in order, `limit` at most. Errors: kGone, kStorage.
  virtual async::Task<Result<std::vector<StorageChange>>> changes(Revision from,
                                                                  std::size_t limit) = 0;

  /// Forgets what was replaced or deleted up to `before`: older reads are kGone from now on, the
  /// state at `before` is not.
  virtual async::Task<Result<void>> compact(Revision before) = 0;

  /// A consistent copy in one file, made while writes go on. Errors: kAlreadyExists, kStorage.
  virtual async::Task<Result<void>> backup(std::string file) = 0;

  virtual Revision current() const = 0;    // of the last durable write
  virtual Revision compacted() const = 0;  // reads below are kGone

  /// Waits for running calls; none may be made afterwards.
  virtual async::Task<void> stop() = 0;
};

struct SqliteOptions {
  std::string file;  // mode 0600, made when it is not there
  std::string vfs;   // a test's; empty: the system's
};

/// WAL, synchronous=FULL, one writer thread. A damaged file is refused with what to do (restore a
/// backup); it is never replaced by an empty one. Errors: kStorage, kConflict (another process has
/// it open), kUnsupported (written by a newer release).
Result<std::unique_ptr<Storage>> open_sqlite_storage(SqliteOptions options,
                                                     async::Executor executor);

/// Puts a backup in the place of `file`, which no process may have open; revisions go on above both
/// files' last ones, so that no watcher sees them go back. Errors: kConflict, kMalformed (no
/// backup of ours), kStorage.
Result<void> restore_sqlite_storage(const std::string& backup, const std::string& file);

}  // namespace skerry::standalone
