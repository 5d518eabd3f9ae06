// A disk for SQLite that forgets like a real one when the power goes: sectors of 512 bytes that
// were written and not synced survive by chance, some of them torn; names that were created or
// deleted without a sync of their folder come and go. Everything is in memory and follows one seed.
//
//   PowerCutVfs disk(seed);
//   auto opened = Store::open("edge-3/store.db", world, {}, disk.name());
//   ...
//   disk.power_off("edge-3/");   // from here every access of its files fails
//   opened->store.reset();       // closing the dead connection touches nothing
//   disk.power_on("edge-3/");    // what survived is there; open again
//
// Paths are plain names and need no folder; an empty prefix means all files. Many stores may share
// one disk. Thread: one at a time for all of a disk's stores. The object outlives every store on
// it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

namespace skerry::test {

class PowerCutVfs {
 public:
  explicit PowerCutVfs(std::uint64_t seed);
  ~PowerCutVfs();
  PowerCutVfs(const PowerCutVfs&) = delete;
  PowerCutVfs& operator=(const PowerCutVfs&) = delete;

  const char* name() const { return name_.c_str(); }

  void power_off(const std::string& prefix = "");
  /// The power goes off for all files at the nth write, sync, truncation or deletion from now (1:
  /// the next one fails), inside a commit or wherever it falls. 0: never.
  void power_off_after(std::uint64_t changes) { changes_left_ = changes; }
  bool is_off() const { return !off_.empty(); }
  void power_on(const std::string& prefix = "");

  /// Bytes that all files together may take; more is "disk full".
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  std::uint64_t used() const;
  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t writes() const { return writes_; }
  bool exists(const std::string& path) const { return files_.count(path) != 0; }
  /// The bytes of a closed file, to damage them.
  std::string& bytes(const std::string& path) { return files_.at(path)->now; }

  struct File {
    std::string now;              // what reads see
    std::string durable;          // what is certain
    std::set<std::size_t> dirty;  // sectors of `now` that are not certain
    bool named = false;           // its name is certain
  };
  using FilePtr = std::shared_ptr<File>;

  // Called by the VFS functions.
  bool alive(const std::string& path) const;
  bool change_allowed(const std::string& path);  // false: the power is, or just went, off
  FilePtr open(const std::string& path, bool create);
  bool write(File& file, const char* data, std::size_t size, std::size_t at);  // false: full
  void truncate(File& file, std::size_t size);
  void sync(File& file);
  void remove(const std::string& path, bool certain);
  void fill_random(char* out, std::size_t size);

 private:
  std::string survivor(const File& file);

  std::string name_;
  std::mt19937_64 random_;
  std::map<std::string, FilePtr> files_;
  std::map<std::string, FilePtr> deleted_;  // names whose deletion is not certain
  std::set<std::string> off_;
  std::uint64_t changes_left_ = 0;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  std::uint64_t syncs_ = 0;
  std::uint64_t writes_ = 0;
};

}  // namespace skerry::test
