#include "common/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "common/base/assert.h"

namespace skerry::sqlite {
namespace {

std::string advice(int code, const std::string& path, const char* if_damaged) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "disk full: free space for " + path;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return path + " is in use by another process: stop it first";
    case SQLITE_CANTOPEN:
      return "cannot open " + path + ": check that its folder exists";
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return path + " is not writable: check its owner and the mount";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return path + " is damaged: " + if_damaged;
    case SQLITE_IOERR:
      return "the disk did not take or give the bytes of " + path;
    default:
      return "cannot use " + path;
  }
}

/// A sector that cannot be read is as lost as one that reads wrong; SQLITE_ERROR at run time of our
/// own fixed SQL means that the schema is not what it was.
bool means_damage(int code) {
  switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
      return true;
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
      return true;
    default:
      return false;
  }
}

/// SQLite gives its -wal the mode of the file itself. Secrets and tokens are inside.
Result<void> create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(Code::kStorage,
                "cannot open " + path + ": " + std::system_category().message(errno));
  }
  const bool set = ::fchmod(fd, 0600) == 0;
  ::close(fd);
  if (!set) return fail(Code::kStorage, "cannot set the mode of " + path);
  return {};
}

}  // namespace

// ---- Query --------------------------------------------------------------------------------------

Query::Query(Database& database, sqlite3_stmt* statement)
    : database_(&database), statement_(statement) {}

Query::Query(Error error) : failed_(true), error_(std::move(error)) {}

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_),
      failed_(other.failed_),
      error_(std::move(other.error_)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::int64_t value) {
  if (!failed_) {
    SKERRY_ASSERT(sqlite3_bind_int64(statement_, ++bound_, value) == SQLITE_OK, "bad parameter");
  }
  return *this;
}

Query& Query::bind(std::string_view text) {
  if (failed_) return *this;
  const int code = sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  SKERRY_ASSERT(code == SQLITE_OK || code == SQLITE_NOMEM || code == SQLITE_TOOBIG,
                "bad parameter");
  if (code != SQLITE_OK) failed_ = true, error_ = database_->failure();
  return *this;
}

Query& Query::blob(std::string_view bytes) {
  if (failed_) return *this;
  // A null pointer would bind NULL.
  const char* data = bytes.empty() ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC);
  SKERRY_ASSERT(code == SQLITE_OK || code == SQLITE_TOOBIG, "bad parameter");
  if (code != SQLITE_OK) failed_ = true, error_ = database_->failure();
  return *this;
}

Result<bool> Query::step() {
  if (failed_) return fail(error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  failed_ = true;
  error_ = database_->failure();
  return fail(error_);
}

Result<void> Query::run() {
  for (;;) {
    const auto row = step();
    if (!row) return fail(row.error());
    if (!*row) return {};
  }
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) return {};
  return std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

// ---- Database -----------------------------------------------------------------------------------

void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
}

Result<void> Database::open(const Options& options) {
  SKERRY_ASSERT(!db_, "a database is opened once");
  path_ = options.path;
  if_damaged_ = options.if_damaged;
  if (options.vfs == nullptr) {
    if (auto created = create_private(path_); !created) return fail(created.error());
  }
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path_.c_str(), &raw, flags, options.vfs);
  db_.reset(raw);
  if (code != SQLITE_OK) return fail(failure());
  sqlite3_db_config(raw, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 256, 32);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // locking_mode before anything that reads the file: with it WAL needs no shared memory. EXTRA
  // until the file is in WAL mode: that change deletes a rollback journal, and when a power cut
  // brings the journal back, it takes everything with it that was committed since (found by
  // store_powercut_test.cc).
  if (auto set = execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=EXTRA;"
                         "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                         "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;");
      !set) {
    return set;
  }
  const std::string cache = "PRAGMA cache_size=-" + std::to_string(options.cache_kib);
  if (auto set = execute(cache.c_str()); !set) return set;
  if (auto wal = use_write_ahead_log(options.checkpoint_pages); !wal) return wal;
  return execute(options.sync_each_commit ? "PRAGMA synchronous=FULL"
                                          : "PRAGMA synchronous=NORMAL");
}

Result<void> Database::use_write_ahead_log(int checkpoint_pages) {
  Query mode = query("PRAGMA journal_mode=WAL");
  const auto row = mode.step();
  if (!row) return fail(row.error());
  if (!*row || mode.text(0) != "wal") {
    return fail(Code::kStorage, path_ + " cannot have a write-ahead log on this file system");
  }
  const std::string limits = "PRAGMA wal_autocheckpoint=" + std::to_string(checkpoint_pages) +
                             "; PRAGMA journal_size_limit=4194304;";
  return execute(limits.c_str());
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(failure());
  return {};
}

Query Database::query(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr && sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                 &statement, nullptr) != SQLITE_OK) {
    return Query(failure());
  }
  SKERRY_ASSERT(sqlite3_stmt_busy(statement) == 0, "a statement is used by one Query at a time");
  return Query(*this, statement);
}

std::int64_t Database::changes() const { return sqlite3_changes64(db_.get()); }

std::uint64_t Database::written_bytes() {
  if (page_bytes_ == 0) {
    Query size = query("PRAGMA page_size");
    if (const auto row = size.step(); row && *row) page_bytes_ = size.integer(0);
  }
  int pages = 0;
  int highest = 0;
  sqlite3_db_status(db_.get(), SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 0);
  return static_cast<std::uint64_t>(page_bytes_) * static_cast<std::uint64_t>(pages);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

Error Database::failure() {
  const int code = db_ ? sqlite3_extended_errcode(db_.get()) : SQLITE_NOMEM;
  damaged_ = means_damage(code);
  // What is put aside is evidence: closing must not write the log into the file.
  if (damaged_) sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return Error{Code::kStorage,
               advice(code, path_, if_damaged_) + " (" + (db_ ? sqlite3_errmsg(db_.get()) : "no memory") + ")",
               {}};
}

void delete_database(const std::string& path, const char* vfs) {
  sqlite3_vfs* found = sqlite3_vfs_find(vfs);
  SKERRY_ASSERT(found != nullptr, "the VFS is registered");
  // The log first: left alone, it would be replayed into a new file of that name.
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
    found->xDelete(found, (path + suffix).c_str(), 1);
  }
}

}  // namespace skerry::sqlite
