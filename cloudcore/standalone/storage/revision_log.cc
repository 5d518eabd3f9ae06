#include "cloudcore/standalone/storage/revision_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/base/assert.h"

namespace skerry::standalone {
namespace {

using sqlite::Query;

constexpr char kSchema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS log(revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB);"
    "CREATE TABLE IF NOT EXISTS head(key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version=1;"
    "COMMIT;";
static_assert(kStorageSchemaVersion == 1);

constexpr int kCacheKib = 4 * 1024;
constexpr int kCheckpointPages = 1000;

/// The least key that does not begin with `prefix`: storage keys are ASCII paths.
std::string after_prefix(std::string prefix) {
  if (prefix.empty()) return "\x7f";
  SKERRY_ASSERT(prefix.back() != '\x7f', "a prefix of a storage key");
  ++prefix.back();
  return prefix;
}

Error compacted_error(Revision asked, Revision compacted) {
  return {Code::kGone,
          "revision " + std::to_string(asked) +
              " was compacted (oldest: " + std::to_string(compacted) + "): list again",
          {}};
}

/// A file and its name are on the disk.
Result<void> sync_file(const std::string& file) {
  const std::string folder = std::filesystem::absolute(file).parent_path().string();
  for (const std::string& path : {file, folder}) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!synced) {
      return fail(Code::kStorage,
                  "cannot sync " + path + ": " + std::system_category().message(error));
    }
  }
  return {};
}

}  // namespace

// ---- opening ------------------------------------------------------------------------------------

Result<void> RevisionLog::open(const SqliteOptions& options) {
  sqlite::Database::Options how;
  how.path = options.file;
  how.vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  how.cache_kib = kCacheKib;
  how.checkpoint_pages = kCheckpointPages;
  how.if_damaged = "put a backup in its place with `cloudcore restore FILE`";
  if (auto opened = db_.open(how); !opened) return opened;
  if (auto checked = check(); !checked) return checked;
  return load();
}

Result<void> RevisionLog::check() {
  {
    Query check = db_.query("PRAGMA quick_check(1)");
    const auto row = check.step();
    if (!row) return fail(row.error());
    if (!*row || check.text(0) != "ok") {
      return fail(Code::kStorage,
                  "the objects' file is damaged: put a backup in its place with "
                  "`cloudcore restore FILE` (" +
                      check.text(0) + ")");
    }
  }
  {
    Query version = db_.query("PRAGMA user_version");
    const auto row = version.step();
    if (!row) return fail(row.error());
    if (*row && version.integer(0) > kStorageSchemaVersion) {
      return fail(Code::kUnsupported,
                  "the objects' file was written by a newer release: install that one");
    }
    if (*row && version.integer(0) == kStorageSchemaVersion) return {};
  }
  return db_.execute(kSchema);
}

Result<void> RevisionLog::load() {
  Query newest = db_.query("SELECT coalesce(max(revision), 0) FROM log");
  auto row = newest.step();
  if (!row) return fail(row.error());
  last_ = newest.integer(0);
  Query meta = db_.query("SELECT name, value FROM meta");
  for (row = meta.step(); row && *row; row = meta.step()) {
    if (meta.text(0) == "last") last_ = std::max(last_, meta.integer(1));
    if (meta.text(0) == "compacted") compacted_ = meta.integer(1);
  }
  if (!row) return fail(row.error());
  return {};
}

// ---- writing ------------------------------------------------------------------------------------

Result<std::vector<RevisionLog::Written>> RevisionLog::append(
    const std::vector<std::vector<StorageWrite>>& group) {
  const Revision before = last_;
  if (auto begun = db_.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
  std::vector<Written> out;
  for (const std::vector<StorageWrite>& writes : group) {
    Written& written = out.emplace_back();
    for (const StorageWrite& each : writes) {
      auto taken = write(each);
      if (!taken) return fail(roll_back(taken.error(), before).error());
      written.push_back(std::move(*taken));
    }
  }
  if (auto done = db_.execute("COMMIT"); !done)
    return fail(roll_back(done.error(), before).error());
  return out;
}

Result<void> RevisionLog::roll_back(Error error, Revision last) {
  last_ = last;
  if (db_.in_transaction()) {
    const Result<void> undone = db_.execute("ROLLBACK");
    if (!undone) error.what += "; and the transaction was not undone: " + undone.error().what;
  }
  return fail(std::move(error));
}

Result<std::optional<Revision>> RevisionLog::head(const std::string& key) {
  Query query = db_.query("SELECT revision FROM head WHERE key=?");
  const auto row = query.bind(key).step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Revision>();
  return std::optional<Revision>(query.integer(0));
}

/// The inner result is the writer's, the outer one the disk's.
Result<Result<Revision>> RevisionLog::write(const StorageWrite& write) {
  const auto found = head(write.key);
  if (!found) return fail(found.error());
  const Revision there = found->value_or(0);
  if (there != write.expected) {
    return Result<Revision>(fail(Code::kConflict, "the object is at revision " +
                                                      std::to_string(there) + ", not " +
                                                      std::to_string(write.expected)));
  }
  const Revision revision = ++last_;
  Query log = db_.query(write.value ? "INSERT INTO log(revision, key, value) VALUES(?,?,?)"
                                    : "INSERT INTO log(revision, key, value) VALUES(?,?,NULL)");
  log.bind(revision).bind(write.key);
  if (write.value) log.blob(*write.value);
  if (auto done = log.run(); !done) return fail(done.error());
  if (write.value) {
    Query put = db_.query("INSERT OR REPLACE INTO head(key, revision) VALUES(?,?)");
    if (auto done = put.bind(write.key).bind(revision).run(); !done) return fail(done.error());
  } else {
    Query drop = db_.query("DELETE FROM head WHERE key=?");
    if (auto done = drop.bind(write.key).run(); !done) return fail(done.error());
  }
  return Result<Revision>(revision);
}

Result<void> RevisionLog::put_meta(const char* name, Revision value) {
  Query put = db_.query("INSERT OR REPLACE INTO meta(name, value) VALUES(?,?)");
  return put.bind(std::string_view(name)).bind(value).run();
}

Result<void> RevisionLog::raise(Revision floor) {
  if (floor <= last_) return {};
  for (const char* name : {"last", "compacted"}) {
    if (auto put = put_meta(name, floor); !put) return put;
  }
  last_ = compacted_ = floor;
  return {};
}

// ---- reading ------------------------------------------------------------------------------------

Result<std::vector<StoredValue>> RevisionLog::list(const std::string& prefix,
                                                   Revision at,
                                                   const std::string& after,
                                                   std::size_t limit) {
  if (at != 0 && at < compacted_) return fail(compacted_error(at, compacted_));
  const bool now = at == 0 || at >= last_;
  // What is true now is found by key; a past state by going over the log.
  Query query = db_.query(
      now ? "SELECT h.key, h.revision, l.value FROM head h JOIN log l ON l.revision=h.revision"
            " WHERE h.key>? AND h.key>=? AND h.key<? AND ?>=h.revision ORDER BY h.key LIMIT ?"
          : "SELECT l.key, l.revision, l.value FROM (SELECT key, max(revision) AS newest FROM log"
            " WHERE key>? AND key>=? AND key<? AND ?>=revision GROUP BY key) AS past"
            " JOIN log l ON l.revision=past.newest WHERE l.value IS NOT NULL"
            " ORDER BY past.key LIMIT ?");
  query.bind(after).bind(prefix).bind(after_prefix(prefix)).bind(now ? last_ : at);
  query.bind(limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(limit));
  std::vector<StoredValue> out;
  auto row = query.step();
  for (; row && *row; row = query.step()) {
    out.push_back({query.text(0), query.text(2), query.integer(1)});
  }
  if (!row) return fail(row.error());
  return out;
}

Result<std::vector<StorageChange>> RevisionLog::changes(Revision from, std::size_t limit) {
  if (from < compacted_) return fail(compacted_error(from, compacted_));
  Query query = db_.query(
      "SELECT revision, key, value, value IS NULL FROM log WHERE revision>? ORDER BY revision"
      " LIMIT ?");
  query.bind(from).bind(static_cast<std::int64_t>(limit));
  std::vector<StorageChange> out;
  auto row = query.step();
  for (; row && *row; row = query.step()) {
    StorageChange& change = out.emplace_back();
    change.revision = query.integer(0);
    change.key = query.text(1);
    if (query.integer(3) == 0) change.value = query.text(2);
  }
  if (!row) return fail(row.error());
  return out;
}

// ---- upkeep -------------------------------------------------------------------------------------

Result<void> RevisionLog::compact(Revision before) {
  before = std::min(before, last_);
  if (before <= compacted_) return {};
  if (auto begun = db_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  const auto forget = [&]() -> Result<void> {
    // What was true at `before` stays readable: the newest value of each key up to there.
    Query drop = db_.query(
        "DELETE FROM log WHERE revision<=?1 AND revision NOT IN"
        " (SELECT max(revision) FROM log WHERE revision<=?1 GROUP BY key HAVING value IS NOT "
        "NULL)");
    if (auto done = drop.bind(before).run(); !done) return done;
    if (auto put = put_meta("compacted", before); !put) return put;
    return put_meta("last", last_);  // the newest row may have been a deletion
  };
  if (auto done = forget(); !done) return roll_back(done.error(), last_);
  if (auto done = db_.execute("COMMIT"); !done) return roll_back(done.error(), last_);
  compacted_ = before;
  return {};
}

Result<void> RevisionLog::backup(const std::string& file) {
  if (std::filesystem::exists(file)) {
    return fail(Code::kAlreadyExists, file + " is there already: choose another name");
  }
  // Made before SQLite fills it, so that it is never open to others: Secrets are inside.
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(Code::kStorage,
                "cannot write " + file + ": " + std::system_category().message(errno));
  }
  ::close(fd);
  Query copy = db_.query("VACUUM INTO ?");
  Result<void> done = copy.bind(std::string_view(file)).run();
  if (done) done = sync_file(file);
  if (!done) ::unlink(file.c_str());
  return done;
}

}  // namespace skerry::standalone
