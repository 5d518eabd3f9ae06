// SQLite as our stores use it: one connection, cached statements, errors as Result. The only files
// that see sqlite3.h are database.cc and tests/support/powercut_vfs.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace skerry::sqlite {

class Database;

/// One use of a cached statement: bind from left to right, then run() or step(). Given back when it
/// goes out of scope. Two uses of the same SQL text must not overlap.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement);
  explicit Query(Error error);
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& bind(std::int64_t value);
  Query& bind(std::string_view text);   // copied
  Query& blob(std::string_view bytes);  // not copied: must live until this use ends

  /// True: a row is there to read. False: done.
  Result<bool> step();
  Result<void> run();
  /// Calls `on_row()` for each row that is left to read.
  template <class OnRow>
  Result<void> for_each(OnRow on_row) {
    for (;;) {
      const Result<bool> more = step();
      if (!more) return fail(more.error());
      if (!*more) return {};
      on_row();
    }
  }

  std::int64_t integer(int column) const;
  std::string text(int column) const;  // also for blobs

 private:
  Database* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  bool failed_ = false;
  Error error_;
};

/// Owner: a store. Thread: one at a time.
class Database {
 public:
  struct Options {
    std::string path;
    const char* vfs = nullptr;
    bool sync_each_commit = true;
    int cache_kib = 256;
    int checkpoint_pages = 256;  // the log is put into the file when it has so many
    const char* if_damaged = ""; // what a person does then; ends the error's first sentence
  };
  /// Opens or creates the file and sets the pragmas of design.md section 5. Errors: kStorage.
  Result<void> open(const Options& options);
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  Result<void> execute(const char* sql);
  /// `sql`: a literal; its text is the cache's key.
  Query query(const char* sql);
  /// Rows changed by the last statement.
  std::int64_t changes() const;
  bool in_transaction() const;
  /// Of pages written to the log since open().
  std::uint64_t written_bytes();

  /// True when the last error means that the file cannot be used any more, as opposed to a full
  /// disk, another user of the file or a device that does not answer.
  bool damaged() const { return damaged_; }

 private:
  friend class Query;
  Result<void> use_write_ahead_log(int checkpoint_pages);
  Error failure();

  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::string path_;
  const char* if_damaged_ = "";
  bool damaged_ = false;
  std::int64_t page_bytes_ = 0;
  std::unique_ptr<sqlite3, Close> db_;
  std::map<std::string_view, sqlite3_stmt*> statements_;
};

/// Deletes a database and its log through a named VFS.
void delete_database(const std::string& path, const char* vfs);

}  // namespace skerry::sqlite
