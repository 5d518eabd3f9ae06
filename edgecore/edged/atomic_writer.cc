#include "edgecore/edged/atomic_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <vector>

#include "edgecore/edged/small_file.h"

namespace skerry::edged {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDataLink = "..data";
constexpr std::string_view kNewDataLink = "..data_tmp";
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kPathBytesMax = 4096;
constexpr int kReadByGroup = 0440;
constexpr int kEnterByGroup = 0110;

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

Result<void> check_path(const std::string& path) {
  const auto refuse = [&path](std::string_view why) {
    return fail(Code::kMalformed, "invalid path \"" + path + "\": " + std::string(why));
  };
  const std::vector<std::string> parts = parts_of(path);
  if (parts.empty()) return refuse("must not be empty");
  if (path.front() == '/') return refuse("must be relative path");
  if (path.size() > kPathBytesMax) return refuse("must be at most 4096 characters");
  if (path.find('\0') != std::string::npos) return refuse("must not contain NUL");
  for (const std::string& part : parts) {
    if (part == "..") return refuse("must not contain '..'");
    if (part.size() > kNameBytesMax) return refuse("filenames must be at most 255 characters");
  }
  if (parts.front().starts_with("..")) return refuse("must not start with '..'");
  return {};
}

std::string clean(const std::string& path) {
  std::string text;
  for (const std::string& part : parts_of(path)) text += (text.empty() ? "" : "/") + part;
  return text;
}

/// The first component: the name that is visible in the directory.
std::string top_of(const std::string& path) { return path.substr(0, path.find('/')); }

std::string link_target(const std::string& path) {
  std::error_code missing;
  const fs::path target = fs::read_symlink(path, missing);
  return missing ? "" : target.string();
}

std::set<std::string> files_below(const std::string& directory) {
  std::set<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->is_directory(error) || at->is_symlink(error)) {
      files.insert(at->path().string().substr(directory.size() + 1));
    }
  }
  return files;
}

bool same_files(const Payload& payload, const std::string& directory) {
  const std::set<std::string> there = files_below(directory);
  if (there.size() != payload.size()) return false;
  for (const auto& [path, content] : payload) {
    if (!there.contains(path)) return false;
    std::error_code error;
    if (fs::file_size(directory + "/" + path, error) != content.bytes.size() || error) return false;
    const Result<std::string> now =
        read_small_file(directory + "/" + path, content.bytes.size() + 1);
    if (!now || *now != content.bytes) return false;
  }
  return true;
}

Result<void> set_access(const std::string& path,
                        int mode,
                        const FileContent& content,
                        const WriteOptions& options) {
  const uid_t owner = content.owner ? static_cast<uid_t>(*content.owner) : static_cast<uid_t>(-1);
  const gid_t group =
      options.fs_group ? static_cast<gid_t>(*options.fs_group) : static_cast<gid_t>(-1);
  if ((content.owner || options.fs_group) && ::lchown(path.c_str(), owner, group) != 0) {
    return errno_failure("cannot change the owner of", path);
  }
  if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    return errno_failure("cannot change the mode of", path);
  }
  return {};
}

Result<void> write_file(const std::string& path,
                        const FileContent& content,
                        const WriteOptions& options) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno_failure("cannot create", path);
  std::string_view rest = content.bytes;
  while (!rest.empty()) {
    const ssize_t put = ::write(fd, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      auto failure = errno_failure("cannot write", path);
      ::close(fd);
      return failure;
    }
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  ::close(fd);
  return set_access(path, content.mode | (options.fs_group ? kReadByGroup : 0), content, options);
}

Result<void> make_data_directory(const std::string& path, const WriteOptions& options) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return errno_failure("cannot make the directory", path);
  }
  const int for_group = options.fs_group ? (S_ISGID | kReadByGroup | kEnterByGroup) : 0;
  return set_access(path, 0755 | for_group, {}, options);
}

Result<void> write_payload(const Payload& payload,
                           const std::string& directory,
                           const WriteOptions& options) {
  if (Result<void> made = make_data_directory(directory, options); !made) return made;
  for (const auto& [path, content] : payload) {
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      Result<void> made = make_data_directory(directory + "/" + path.substr(0, at), options);
      if (!made) return made;
    }
    Result<void> written = write_file(directory + "/" + path, content, options);
    if (!written) return written;
  }
  return {};
}

/// `directory`/..data -> `name`, by one rename.
Result<void> publish(const std::string& directory, const std::string& name) {
  const std::string fresh = directory + "/" + std::string(kNewDataLink);
  const std::string link = directory + "/" + std::string(kDataLink);
  ::unlink(fresh.c_str());  // left by a write that was killed
  if (::symlink(name.c_str(), fresh.c_str()) != 0) return errno_failure("cannot link", fresh);
  if (::rename(fresh.c_str(), link.c_str()) != 0) return errno_failure("cannot rename", fresh);
  return {};
}

/// Every visible name is a link into ..data. Returns whether one had to be made.
Result<bool> link_visible_names(const Payload& payload, const std::string& directory) {
  bool made = false;
  for (const auto& [path, content] : payload) {
    const std::string name = top_of(path);
    const std::string link = directory + "/" + name;
    const std::string target = std::string(kDataLink) + "/" + name;
    if (link_target(link) == target) continue;
    if (::symlink(target.c_str(), link.c_str()) != 0) return errno_failure("cannot link", link);
    made = true;
  }
  return made;
}

/// Visible links whose file is gone, and hidden directories that ..data does not mean.
bool clear_leavings(const Payload& payload, const std::string& directory) {
  std::set<std::string> wanted = {std::string(kDataLink),
                                  link_target(directory + "/" + std::string(kDataLink))};
  for (const auto& [path, content] : payload) wanted.insert(top_of(path));
  std::vector<fs::path> unwanted;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (wanted.contains(name)) continue;
    const bool ours = name.starts_with("..") ||
                      link_target(entry.path().string()) == std::string(kDataLink) + "/" + name;
    if (ours) unwanted.push_back(entry.path());
  }
  for (const fs::path& path : unwanted) fs::remove_all(path, error);
  return !unwanted.empty();
}

/// "..v7" after "..v6": a killed write leaves at most the next one behind.
std::string next_version(const std::string& current) {
  std::uint64_t version = 0;
  if (current.starts_with("..v")) {
    std::from_chars(current.data() + 3, current.data() + current.size(), version);
  }
  return "..v" + std::to_string(version + 1);
}

}  // namespace

Result<bool> write_atomically(const std::string& directory,
                              const Payload& payload,
                              const WriteOptions& options) {
  Payload cleaned;
  for (const auto& [path, content] : payload) {
    if (Result<void> valid = check_path(path); !valid) return fail(valid.error());
    cleaned.emplace(clean(path), content);
  }
  const std::string current = link_target(directory + "/" + std::string(kDataLink));
  bool changed = false;
  if (current.empty() || !same_files(cleaned, directory + "/" + current)) {
    const std::string name = next_version(current);
    std::error_code ignored;
    fs::remove_all(directory + "/" + name, ignored);
    Result<void> done = write_payload(cleaned, directory + "/" + name, options);
    if (done) done = publish(directory, name);
    if (!done) {
      fs::remove_all(directory + "/" + name, ignored);
      return fail(done.error());
    }
    changed = true;
  }
  const Result<bool> linked = link_visible_names(cleaned, directory);
  if (!linked) return linked;
  return clear_leavings(cleaned, directory) || *linked || changed;
}

}  // namespace skerry::edged
