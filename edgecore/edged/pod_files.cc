#include "edgecore/edged/pod_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "edgecore/edged/small_file.h"
#include "edgecore/edged/volume_mounts.h"

namespace skerry::edged {
namespace {

namespace fs = std::filesystem;

constexpr int kDirectoryMode = 0755;

}  // namespace

Result<void> put_file(const std::string& path, const std::string& content, int mode) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                               static_cast<mode_t>(mode)));
  if (!file.is_open()) return errno_failure("cannot create", path);
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(file.get(), content.data() + written, content.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_failure("cannot write", path);
    written += static_cast<std::size_t>(n);
  }
  if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0)
    return errno_failure("cannot chmod", path);
  return {};
}

Result<std::string> make_message_file(const std::string& pod_dir,
                                      const std::string& container,
                                      std::uint32_t attempt) {
  const std::string directory = pod_dir + "/containers/" + container;
  if (const Result<void> made = make_directory(directory, kDirectoryMode); !made) {
    return fail(made.error());
  }
  const std::string path = directory + "/" + std::to_string(attempt);
  if (const Result<void> put = put_file(path, "", 0666); !put) return fail(put.error());
  return path;
}

std::string read_message_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) return "";
  std::array<char, kTerminationMessageBytesMax> buffer;
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

void remove_log_files(const std::string& log_path) {
  const fs::path log(log_path);
  const std::string name = log.filename().string();
  std::error_code failure;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(log.parent_path(), failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->path().filename().string().starts_with(name)) found.push_back(it->path());
  }
  for (const fs::path& path : found) fs::remove(path, failure);
}

}  // namespace skerry::edged
