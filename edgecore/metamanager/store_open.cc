#include <algorithm>
#include <filesystem>

#include "common/base/log.h"
#include "common/k8s/time.h"
#include "edgecore/metamanager/sqlite_store.h"

namespace skerry::metamanager {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDamagedFilesKept = 3;
constexpr const char* kLogSuffixes[] = {"-wal", "-shm", "-journal"};

// Additive changes only, so that the previous release can open the file. WITHOUT ROWID: a key lives
// in one place, under the row's checksum, and not a second time in an index.
constexpr char kSchema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS meta("
    " name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS objects("
    " kind TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,"
    " version BLOB NOT NULL, rv INTEGER NOT NULL, json BLOB NOT NULL, refused_code TEXT NOT NULL,"
    " refused_reason TEXT NOT NULL, finalised INTEGER NOT NULL, sum INTEGER NOT NULL,"
    " PRIMARY KEY(kind, ns, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS terminating("
    " kind TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,"
    " version BLOB NOT NULL, rv INTEGER NOT NULL, json BLOB NOT NULL, refused_code TEXT NOT NULL,"
    " refused_reason TEXT NOT NULL, finalised INTEGER NOT NULL, sum INTEGER NOT NULL,"
    " PRIMARY KEY(uid)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS pod_states("
    " pod TEXT PRIMARY KEY, json BLOB NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS seeds("
    " pod TEXT PRIMARY KEY, json BLOB NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS tokens("
    " pod TEXT NOT NULL, volume TEXT NOT NULL, path TEXT NOT NULL, token BLOB NOT NULL,"
    " issued_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, sum INTEGER NOT NULL,"
    " PRIMARY KEY(pod, volume, path)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS reports("
    " seq INTEGER PRIMARY KEY, report_kind INTEGER NOT NULL, kind TEXT NOT NULL, ns TEXT NOT NULL,"
    " name TEXT NOT NULL, uid TEXT NOT NULL, revision INTEGER NOT NULL, body BLOB NOT NULL,"
    " sum INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS reported("
    " report_kind INTEGER NOT NULL, kind TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL,"
    " uid TEXT NOT NULL, hash BLOB NOT NULL, sum INTEGER NOT NULL,"
    " PRIMARY KEY(report_kind, kind, ns, name, uid)) WITHOUT ROWID;"
    "PRAGMA user_version=1;"
    "COMMIT;";
static_assert(kSchemaVersion == 1);

std::string compact(WallTime time) {
  std::string text = k8s::format_time(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

bool is_log(const std::string& name) {
  return std::any_of(std::begin(kLogSuffixes), std::end(kLogSuffixes),
                     [&](const char* suffix) { return name.ends_with(suffix); });
}

/// A disk that dies must not be filled with what it destroyed.
void forget_old_damaged(const std::string& path) {
  const std::string prefix = fs::path(path).filename().string() + ".damaged-";
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::absolute(path).parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && !is_log(name)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());  // their names end with the time
  for (std::size_t i = 0; i + kDamagedFilesKept < found.size(); ++i) {
    for (const char* suffix : kLogSuffixes) fs::remove(found[i].string() + suffix, ignored);
    fs::remove(found[i], ignored);
  }
}

Result<std::string> put_aside(const std::string& path, WallTime now) {
  const std::string base = path + ".damaged-" + compact(now);
  std::string target = base;
  std::error_code error;
  for (int i = 2; fs::exists(target, error); ++i) target = base + "." + std::to_string(i);
  // The log first: left alone, it would be replayed into the new file.
  for (const char* suffix : kLogSuffixes) {
    if (fs::exists(path + suffix, error)) fs::rename(path + suffix, target + suffix, error);
    if (error) return fail(Code::kStorage, "cannot move " + path + suffix + ": " + error.message());
  }
  fs::rename(path, target, error);
  if (error) return fail(Code::kStorage, "cannot move " + path + ": " + error.message());
  forget_old_damaged(path);
  return target;
}

Result<std::string> begin_anew(const Database::Options& options, WallTime now) {
  if (options.vfs == nullptr) return put_aside(options.path, now);
  sqlite::delete_database(options.path, options.vfs);
  return options.path;
}

}  // namespace

Result<Store::Opened> Store::open(const std::string& path,
                                  seam::World world,
                                  Limits limits,
                                  const char* vfs) {
  Database::Options options;
  options.path = path;
  options.vfs = vfs;
  options.sync_each_commit = limits.sync_each_commit;
  options.if_damaged = "restart edgecore, it starts a new store";
  Opened out;
  for (;;) {
    auto store = std::make_unique<SqliteStore>(world, limits);
    const auto opened = store->open(options);
    if (opened) {
      out.store = std::move(store);
      return out;
    }
    if (!store->damaged() || !out.damaged_file.empty()) return fail(opened.error());
    store.reset();
    auto moved = begin_anew(options, world.clock.wall());
    if (!moved) return fail(moved.error());
    out.damaged_file = *moved;
    log::error("store damaged, a new one is begun", {{"kept", *moved}, {opened.error()}});
  }
}

SqliteStore::SqliteStore(seam::World world, Limits limits) : world_(world), limits_(limits) {}

Result<void> SqliteStore::open(const Database::Options& options) {
  if (auto opened = db_.open(options); !opened) return opened;
  if (auto checked = check(); !checked) return checked;
  if (auto made = create_schema(); !made) return made;
  return load();
}

Result<void> SqliteStore::check() {
  Query check = db_.query("PRAGMA quick_check(1)");
  const auto row = check.step();
  if (!row) return fail(row.error());
  if (*row && check.text(0) == "ok") return {};
  damaged_ = true;
  return fail(Code::kStorage, "quick_check: " + (*row ? check.text(0) : "no answer"));
}

Result<void> SqliteStore::create_schema() {
  {
    Query version = db_.query("PRAGMA user_version");
    const auto row = version.step();
    if (!row) return fail(row.error());
    if (*row && version.integer(0) >= kSchemaVersion) return {};
  }
  return db_.execute(kSchema);
}

}  // namespace skerry::metamanager
