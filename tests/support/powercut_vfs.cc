#include "tests/support/powercut_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace skerry::test {
namespace {

constexpr std::size_t kSector = 512;

// ---- SQLite's interface: thin, all decisions are below ------------------------------------------

struct Handle : sqlite3_file {
  PowerCutVfs* disk;
  PowerCutVfs::FilePtr* file;
  std::string* path;
};

Handle& handle(sqlite3_file* file) { return *static_cast<Handle*>(file); }
PowerCutVfs& disk_of(sqlite3_vfs* vfs) { return *static_cast<PowerCutVfs*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  delete handle(file).file;
  delete handle(file).path;
  return SQLITE_OK;
}
int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
  const Handle& h = handle(file);
  if (!h.disk->alive(*h.path)) return SQLITE_IOERR;
  const std::string& bytes = (*h.file)->now;
  const auto from = std::min(static_cast<std::size_t>(at), bytes.size());
  const auto got = std::min(static_cast<std::size_t>(size), bytes.size() - from);
  std::memcpy(out, bytes.data() + from, got);
  std::memset(static_cast<char*>(out) + got, 0, static_cast<std::size_t>(size) - got);
  return got == static_cast<std::size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}
int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  const Handle& h = handle(file);
  if (!h.disk->alive(*h.path)) return SQLITE_IOERR;
  // The write during which the power goes may have got through in part.
  const bool stays_on = h.disk->change_allowed(*h.path);
  const bool fits = h.disk->write(**h.file, static_cast<const char*>(data),
                                  static_cast<std::size_t>(size), static_cast<std::size_t>(at));
  if (!stays_on) return SQLITE_IOERR;
  return fits ? SQLITE_OK : SQLITE_FULL;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const Handle& h = handle(file);
  if (!h.disk->change_allowed(*h.path)) return SQLITE_IOERR;
  h.disk->truncate(**h.file, static_cast<std::size_t>(size));
  return SQLITE_OK;
}
int sync_file(sqlite3_file* file, int) {
  const Handle& h = handle(file);
  if (!h.disk->change_allowed(*h.path)) return SQLITE_IOERR;
  h.disk->sync(**h.file);
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Handle& h = handle(file);
  if (!h.disk->alive(*h.path)) return SQLITE_IOERR;
  *size = static_cast<sqlite3_int64>((*h.file)->now.size());
  return SQLITE_OK;
}
int no_lock(sqlite3_file*, int) { return SQLITE_OK; }
int not_reserved(sqlite3_file*, int* out) { return *out = 0, SQLITE_OK; }
int no_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return static_cast<int>(kSector); }
// As SQLite's own unix VFS assumes: a torn write changes no byte outside its range.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods kMethods = {
    1,       close_file, read_file,    write_file, truncate_file, sync_file,       file_size,
    no_lock, no_lock,    not_reserved, no_control, sector_size,   characteristics, nullptr,
    nullptr, nullptr,    nullptr,      nullptr,    nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  PowerCutVfs& disk = disk_of(vfs);
  file->pMethods = nullptr;
  if (path == nullptr || !disk.alive(path)) return SQLITE_CANTOPEN;
  auto found = disk.open(path, (flags & SQLITE_OPEN_CREATE) != 0);
  if (!found) return SQLITE_CANTOPEN;
  Handle& h = handle(file);
  h.pMethods = &kMethods;
  h.disk = &disk;
  h.file = new PowerCutVfs::FilePtr(std::move(found));
  h.path = new std::string(path);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}
int delete_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  PowerCutVfs& disk = disk_of(vfs);
  if (!disk.change_allowed(path)) return SQLITE_IOERR_DELETE;
  disk.remove(path, sync_folder != 0);
  return SQLITE_OK;
}
int access_file(sqlite3_vfs* vfs, const char* path, int, int* out) {
  *out = disk_of(vfs).alive(path) && disk_of(vfs).exists(path) ? 1 : 0;
  return SQLITE_OK;
}
int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}
int randomness(sqlite3_vfs* vfs, int size, char* out) {
  disk_of(vfs).fill_random(out, static_cast<std::size_t>(size));
  return size;
}
int no_sleep(sqlite3_vfs*, int micros) { return micros; }
int fixed_time(sqlite3_vfs*, double* out) { return *out = 2460000.5, SQLITE_OK; }
int last_error(sqlite3_vfs*, int, char*) { return 0; }

std::string unique_name() {
  static std::uint64_t count = 0;
  return "powercut-" + std::to_string(++count);
}

}  // namespace

PowerCutVfs::PowerCutVfs(std::uint64_t seed) : name_(unique_name()), random_(seed) {
  auto* vfs = new sqlite3_vfs{};
  vfs->iVersion = 1;
  vfs->szOsFile = sizeof(Handle);
  vfs->mxPathname = 512;
  vfs->zName = name_.c_str();
  vfs->pAppData = this;
  vfs->xOpen = open_file;
  vfs->xDelete = delete_file;
  vfs->xAccess = access_file;
  vfs->xFullPathname = full_path;
  vfs->xRandomness = randomness;
  vfs->xSleep = no_sleep;
  vfs->xCurrentTime = fixed_time;
  vfs->xGetLastError = last_error;
  sqlite3_vfs_register(vfs, 0);
}

PowerCutVfs::~PowerCutVfs() {
  sqlite3_vfs* vfs = sqlite3_vfs_find(name_.c_str());
  sqlite3_vfs_unregister(vfs);
  delete vfs;
}

// ---- the power ----------------------------------------------------------------------------------

bool PowerCutVfs::alive(const std::string& path) const {
  return std::none_of(off_.begin(), off_.end(),
                      [&](const std::string& prefix) { return path.starts_with(prefix); });
}

bool PowerCutVfs::change_allowed(const std::string& path) {
  if (changes_left_ > 0 && --changes_left_ == 0) power_off();
  return alive(path);
}

void PowerCutVfs::power_off(const std::string& prefix) { off_.insert(prefix); }

void PowerCutVfs::power_on(const std::string& prefix) {
  off_.erase(prefix);
  changes_left_ = 0;
  for (auto& [path, file] : deleted_) {
    if (path.starts_with(prefix) && random_() % 2 == 0) files_.try_emplace(path, file);
  }
  std::erase_if(deleted_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  std::erase_if(files_, [&](const auto& entry) {
    return entry.first.starts_with(prefix) && !entry.second->named && random_() % 2 == 0;
  });
  for (auto& [path, file] : files_) {
    if (!path.starts_with(prefix)) continue;
    auto fresh = std::make_shared<File>();
    fresh->now = survivor(*file);
    fresh->durable = fresh->now;
    fresh->named = true;
    file = std::move(fresh);
  }
}

/// Each sector that was not synced: old, new, or new up to some byte.
std::string PowerCutVfs::survivor(const File& file) {
  std::string out = file.durable;
  // The size is not certain either.
  if (file.now.size() < out.size() && random_() % 2 == 0) out.resize(file.now.size());
  for (const std::size_t sector : file.dirty) {
    const std::size_t at = sector * kSector;
    if (at >= file.now.size()) continue;
    std::size_t size = std::min(kSector, file.now.size() - at);
    const auto fate = random_() % 8;
    if (fate < 4) continue;                  // lost
    if (fate == 4) size = random_() % size;  // torn
    if (out.size() < at + size) out.resize(at + size, '\0');
    out.replace(at, size, file.now, at, size);
  }
  return out;
}

// ---- files --------------------------------------------------------------------------------------

PowerCutVfs::FilePtr PowerCutVfs::open(const std::string& path, bool create) {
  const auto found = files_.find(path);
  if (found != files_.end()) return found->second;
  if (!create) return nullptr;
  return files_[path] = std::make_shared<File>();
}

std::uint64_t PowerCutVfs::used() const {
  std::uint64_t sum = 0;
  for (const auto& [path, file] : files_) sum += file->now.size();
  return sum;
}

bool PowerCutVfs::write(File& file, const char* data, std::size_t size, std::size_t at) {
  const std::size_t end = at + size;
  if (end > file.now.size()) {
    if (capacity_ != ~std::uint64_t{0} && used() + (end - file.now.size()) > capacity_)
      return false;
    file.now.resize(end, '\0');
  }
  file.now.replace(at, size, data, size);
  for (std::size_t s = at / kSector; s * kSector < end; ++s) file.dirty.insert(s);
  ++writes_;
  return true;
}

void PowerCutVfs::truncate(File& file, std::size_t size) {
  file.now.resize(size, '\0');
  ++writes_;
}

void PowerCutVfs::sync(File& file) {
  ++syncs_;
  file.durable.resize(file.now.size(), '\0');
  for (const std::size_t sector : file.dirty) {
    const std::size_t at = sector * kSector;
    if (at < file.now.size()) file.durable.replace(at, kSector, file.now, at, kSector);
  }
  file.dirty.clear();
  file.named = true;
}

void PowerCutVfs::remove(const std::string& path, bool certain) {
  const auto found = files_.find(path);
  if (found == files_.end()) return;
  // The folder's sync is for every deletion of that name before it, too.
  if (certain) deleted_.erase(path);
  if (!certain && found->second->named) deleted_[path] = found->second;
  files_.erase(found);
}

void PowerCutVfs::fill_random(char* out, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(random_());
}

}  // namespace skerry::test
