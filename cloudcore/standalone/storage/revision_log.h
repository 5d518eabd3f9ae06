// The log of revisions in one SQLite file: what happens on the storage thread. Private to storage.
//
// Tables: log(revision, key, value or NULL for a deletion), head(key -> its newest revision, live
// keys only), meta(last revision ever, compacted). Additive changes only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/storage/storage.h"
#include "common/base/result.h"
#include "common/sqlite/database.h"

namespace skerry::standalone {

inline constexpr int kStorageSchemaVersion = 1;

/// Owner: SqliteStorage. Thread: one at a time.
class RevisionLog {
 public:
  /// Errors: see open_sqlite_storage().
  Result<void> open(const SqliteOptions& options);

  using Written = std::vector<Result<Revision>>;
  /// All appends in one transaction. Errors: kStorage, and nothing of it was taken.
  Result<std::vector<Written>> append(const std::vector<std::vector<StorageWrite>>& group);
  Result<std::vector<StoredValue>> list(const std::string& prefix,
                                        Revision at,
                                        const std::string& after,
                                        std::size_t limit);
  Result<std::vector<StorageChange>> changes(Revision from, std::size_t limit);
  Result<void> compact(Revision before);
  Result<void> backup(const std::string& file);
  /// Revisions go on above `floor`; whoever saw one up to there has to read everything again.
  Result<void> raise(Revision floor);

  Revision current() const { return last_; }
  Revision compacted() const { return compacted_; }

 private:
  Result<void> check();
  Result<void> load();
  Result<std::optional<Revision>> head(const std::string& key);
  Result<Result<Revision>> write(const StorageWrite& write);
  Result<void> put_meta(const char* name, Revision value);
  Result<void> roll_back(Error error, Revision last);

  sqlite::Database db_;
  Revision last_ = 0;
  Revision compacted_ = 0;
};

}  // namespace skerry::standalone
