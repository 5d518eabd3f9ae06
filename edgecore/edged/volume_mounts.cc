#include "edgecore/edged/volume_mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <sstream>

#include "edgecore/edged/small_file.h"

namespace skerry::edged {
namespace {

constexpr std::size_t kMountInfoBytesMax = 16 * kMiB;
constexpr int kMountLayersMax = 16;
constexpr int kOpenTreeDepthMax = 64;  // directories held open at once while a tree is removed

std::vector<std::string> components(const std::string& relative) {
  std::vector<std::string> parts;
  std::istringstream stream(relative);
  for (std::string part; std::getline(stream, part, '/');) {
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

int open_resolved(int base, const std::string& relative) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, base, relative.c_str(), &how, sizeof how));
}

/// For kernels without openat2: one component, refusing links.
int open_component(int parent, const std::string& name) {
  const int fd = ::openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status {};
  if (fd >= 0 && ::fstat(fd, &status) == 0 && S_ISLNK(status.st_mode)) {
    ::close(fd);
    errno = ELOOP;
    return -1;
  }
  return fd;
}

std::string unescape_octal(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size();
    if (!escaped) {
      out += text[i];
      continue;
    }
    out +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return out;
}

Result<void> unmount(const std::string& path) {
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0) return {};
  // Busy: something of ours or of the runtime looks inside. Nothing new can enter once detached.
  if (errno == EBUSY && ::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return {};
  if (errno == EINVAL || errno == ENOENT) return {};  // not a mount any more
  return errno_failure("cannot unmount", path);
}

bool same_file(const std::string& path, const struct stat& wanted) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && status.st_dev == wanted.st_dev &&
         status.st_ino == wanted.st_ino;
}

/// Removes a tree step by step.
class TreeRemover {
 public:
  TreeRemover(std::string top, dev_t device, std::size_t budget)
      : top_(std::move(top)), device_(device), budget_(budget) {}

  /// True: the directory `name` in `parent` is gone.
  Result<bool> remove_directory(int parent, const std::string& name, int depth) {
    if (depth > kOpenTreeDepthMax) return lift(parent, name);
    const int fd = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? Result<bool>(true) : failure("cannot open", name);
    struct stat status {};
    if (::fstat(fd, &status) == 0 && status.st_dev != device_) {
      ::close(fd);
      return fail(Code::kStorage, "another file system is mounted at " + name + " below " + top_);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd), ::closedir);
    if (!directory) {
      ::close(fd);
      return failure("cannot list", name);
    }
    while (const dirent* entry = ::readdir(directory.get())) {
      const std::string child = entry->d_name;
      if (child == "." || child == "..") continue;
      if (budget_ == 0) return false;
      --budget_;
      Result<bool> gone = remove_entry(fd, child, depth);
      if (!gone || !*gone) return gone;
    }
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    return errno == ENOTEMPTY ? Result<bool>(false) : failure("cannot remove", name);
  }

 private:
  Result<bool> remove_entry(int parent, const std::string& name, int depth) {
    if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR && errno != EPERM) return failure("cannot remove", name);
    return remove_directory(parent, name, depth + 1);
  }

  /// A tree that is deeper than we may hold open moves up to the top and is met there again.
  Result<bool> lift(int parent, const std::string& name) {
    const std::string target = top_ + "/.deep-" + std::to_string(lifted_++);
    if (::renameat2(parent, name.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
      return true;
    }
    if (errno == EEXIST) return lift(parent, name);
    return failure("cannot move", name);
  }

  tl::unexpected<Error> failure(std::string_view doing, const std::string& name) const {
    return errno_failure(doing, name + " below " + top_);
  }

  std::string top_;
  dev_t device_;
  std::size_t budget_;
  std::size_t lifted_ = 0;
};

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Result<void> make_directory(const std::string& path, int mode) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    errno = ENOTDIR;
    return errno_failure("cannot make the directory", path);
  }
  const std::size_t slash = path.find_last_of('/');
  if (slash != std::string::npos && slash > 0) {
    if (Result<void> made = make_directory(path.substr(0, slash), mode); !made) return made;
  }
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
    return errno_failure("cannot make the directory", path);
  }
  if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    return errno_failure("cannot change the mode of", path);
  }
  return {};
}

bool is_mount_point(const std::string& directory) {
  struct stat here {};
  struct stat above {};
  return ::lstat(directory.c_str(), &here) == 0 && S_ISDIR(here.st_mode) &&
         ::stat((directory + "/..").c_str(), &above) == 0 &&
         (here.st_dev != above.st_dev || here.st_ino == above.st_ino);
}

Result<void> mount_tmpfs(const std::string& directory, std::int64_t size_bytes) {
  if (is_mount_point(directory)) return {};
  const std::string size = size_bytes > 0 ? "size=" + std::to_string(size_bytes) : "";
  // noswap came with Linux 6.3 (and is refused without swap support): secrets stay off the disk.
  const std::string with_noswap = size.empty() ? "noswap" : size + ",noswap";
  for (const std::string& options : {with_noswap, size}) {
    if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) == 0) return {};
    if (errno != EINVAL) break;
  }
  return errno_failure("cannot mount a tmpfs at", directory);
}

Result<Descriptor> open_beneath(const std::string& base, const std::string& relative, int mode) {
  const std::vector<std::string> parts = components(relative);
  const auto leaves = [&] {
    return fail(Code::kForbidden, "subPath " + relative + " leaves its volume");
  };
  if (parts.empty()) return fail(Code::kMalformed, "subPath is empty");
  if (relative.front() == '/')
    return fail(Code::kMalformed, "subPath " + relative + " is absolute");
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) return leaves();

  const Descriptor root(::open(base.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) return errno_failure("cannot open", base);
  Descriptor parent(::dup(root.get()));
  std::string prefix;
  for (const std::string& part : parts) {
    prefix += (prefix.empty() ? "" : "/") + part;
    // From the volume's root each time: a link may lead up and elsewhere inside the volume.
    const auto open_part = [&] {
      const int fd = open_resolved(root.get(), prefix);
      return fd < 0 && errno == ENOSYS ? open_component(parent.get(), part) : fd;
    };
    int fd = open_part();
    if (fd < 0 && errno == ENOENT) {
      const bool made = ::mkdirat(parent.get(), part.c_str(), static_cast<mode_t>(mode)) == 0;
      if (made || errno == EEXIST) fd = open_part();
      const std::string self = "/proc/self/fd/" + std::to_string(fd);
      if (made && fd >= 0) (void)!::chmod(self.c_str(), static_cast<mode_t>(mode));
    }
    if (fd < 0) {
      if (errno == EXDEV || errno == ELOOP) return leaves();
      return errno_failure("cannot open", base + "/" + prefix);
    }
    parent = Descriptor(fd);
  }
  return parent;
}

Result<void> bind_descriptor(const Descriptor& source, const std::string& target) {
  struct stat wanted {};
  if (::fstat(source.get(), &wanted) != 0)
    return errno_failure("cannot look at the source of", target);
  if (same_file(target, wanted)) return {};
  while (::umount2(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) {
  }
  const bool directory = S_ISDIR(wanted.st_mode);
  const std::string parent = target.substr(0, target.find_last_of('/'));
  if (Result<void> made = make_directory(parent, 0750); !made) return made;
  struct stat there {};
  if (::lstat(target.c_str(), &there) == 0 && S_ISDIR(there.st_mode) != directory) {
    if (::remove(target.c_str()) != 0) return errno_failure("cannot remove", target);
  }
  if (directory) {
    if (Result<void> made = make_directory(target, 0750); !made) return made;
  } else {
    const Descriptor file(
        ::open(target.c_str(), O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0640));
    if (!file.is_open()) return errno_failure("cannot create", target);
  }
  const std::string from = "/proc/self/fd/" + std::to_string(source.get());
  if (::mount(from.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return errno_failure("cannot bind a subPath to", target);
  }
  return {};
}

Result<void> apply_fs_group(const std::string& directory, std::int64_t group) {
  constexpr mode_t kGroupUse = S_ISGID | 0770;
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return errno_failure("cannot look at", directory);
  const auto gid = static_cast<gid_t>(group);
  if (status.st_gid == gid && (status.st_mode & kGroupUse) == kGroupUse) return {};
  if (::chown(directory.c_str(), static_cast<uid_t>(-1), gid) != 0) {
    return errno_failure("cannot change the group of", directory);
  }
  if (::chmod(directory.c_str(), (status.st_mode & 07777) | kGroupUse) != 0) {
    return errno_failure("cannot change the mode of", directory);
  }
  return {};
}

std::vector<std::string> mount_points_below(const std::string& mountinfo,
                                            const std::string& directory) {
  std::vector<std::string> found;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    // 36 35 98:0 /root /mount/point options ...
    std::istringstream fields(line);
    std::string skipped;
    std::string point;
    if (!(fields >> skipped >> skipped >> skipped >> skipped >> point)) continue;
    point = unescape_octal(point);
    if (point == directory || point.starts_with(directory + "/")) found.push_back(point);
  }
  // Mounts are listed in the order of mounting: the last one of a place is on top.
  std::reverse(found.begin(), found.end());
  std::stable_sort(found.begin(), found.end(), [](const auto& one, const auto& other) {
    return std::count(one.begin(), one.end(), '/') > std::count(other.begin(), other.end(), '/');
  });
  return found;
}

Result<void> unmount_below(const std::string& directory) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(directory.c_str(), nullptr), ::free);
  if (!real) return errno == ENOENT ? Result<void>() : errno_failure("cannot resolve", directory);
  // A mount may hide another one below it: that one can be reached only when the first is gone.
  for (int round = 0; round < kMountLayersMax; ++round) {
    const Result<std::string> mounts = read_small_file("/proc/self/mountinfo", kMountInfoBytesMax);
    if (!mounts) return fail(mounts.error());
    const std::vector<std::string> points = mount_points_below(*mounts, real.get());
    if (points.empty()) return {};
    for (const std::string& point : points) {
      if (Result<void> done = unmount(point); !done) return done;
    }
  }
  return fail(Code::kStorage, "mounts below " + directory + " do not end");
}

Result<bool> remove_tree(const std::string& directory, std::size_t entries_max) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<bool>(true) : errno_failure("cannot look at", directory);
  }
  TreeRemover remover(directory, status.st_dev, entries_max);
  return remover.remove_directory(AT_FDCWD, directory, 0);
}

}  // namespace skerry::edged
