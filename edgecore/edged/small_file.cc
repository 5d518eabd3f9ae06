#include "edgecore/edged/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace skerry::edged {

tl::unexpected<Error> errno_failure(std::string_view doing, const std::string& path) {
  const int why = errno;
  const Code code = why == ENOENT ? Code::kNotFound : Code::kStorage;
  return fail(code, std::string(doing) + " " + path + ": " + std::strerror(why));
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_failure("cannot open", path);
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      auto failure = errno_failure("cannot read", path);
      ::close(fd);
      return failure;
    }
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > limit_bytes) {
      ::close(fd);
      return fail(Code::kTooLarge,
                  path + " is larger than " + std::to_string(limit_bytes) + " bytes");
    }
  }
  ::close(fd);
  return text;
}

Result<void> write_small_file(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return errno_failure("cannot open", path);
  const ssize_t put = ::write(fd, text.data(), text.size());
  if (put != static_cast<ssize_t>(text.size())) {
    if (put >= 0) errno = EIO;
    auto failure = errno_failure("cannot write", path);
    ::close(fd);
    return failure;
  }
  ::close(fd);
  return {};
}

std::string trimmed(std::string text) {
  const auto end = text.find_last_not_of(std::string_view(" \t\r\n\0", 5));
  text.erase(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace skerry::edged
