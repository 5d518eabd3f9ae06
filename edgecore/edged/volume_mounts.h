// File system work of volumes.h: tmpfs and bind mounts, safe resolution of a subPath, removal.
// Thread: any; synchronous. All errors are kStorage unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace skerry::edged {

/// An open descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Makes a directory and its parents; `mode` holds for the last one, whatever the umask.
Result<void> make_directory(const std::string& path, int mode);

bool is_mount_point(const std::string& directory);
/// Mounts a tmpfs unless one is there. size_bytes 0: the kernel's default. noswap where it exists.
Result<void> mount_tmpfs(const std::string& directory, std::int64_t size_bytes);

/// Opens `relative` below `base` without leaving it through "..", absolute or magic links
/// (openat2, RESOLVE_BENEATH; a walk that refuses every link on kernels before 5.6). Missing
/// directories are made with `mode`. Errors: kForbidden (it would leave), kMalformed, kStorage.
Result<Descriptor> open_beneath(const std::string& base, const std::string& relative, int mode);

/// Binds what `source` refers to onto `target`, which is made as a directory or file to match.
/// Nothing is done when it is bound already; another thing there is unmounted first.
Result<void> bind_descriptor(const Descriptor& source, const std::string& target);

/// Group and setgid on a volume's directory so that fsGroup can use it.
Result<void> apply_fs_group(const std::string& directory, std::int64_t group);

/// Unmounts everything mounted at or below `directory`, deepest first.
Result<void> unmount_below(const std::string& directory);
/// Removes a tree without following links or crossing into another file system, at most
/// `entries_max` entries. True: it is gone (or was not there).
Result<bool> remove_tree(const std::string& directory, std::size_t entries_max);

/// Mount points at or below `directory` in the text of mountinfo(5), deepest first. Pure.
std::vector<std::string> mount_points_below(const std::string& mountinfo,
                                            const std::string& directory);

}  // namespace skerry::edged
