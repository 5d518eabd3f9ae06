#include "edgecore/edged/container_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <deque>
#include <filesystem>

#include "common/base/log.h"
#include "edgecore/edged/small_file.h"

namespace skerry::edged {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = 64 * kKiB;
/// Read from a file's end: room for the times and tags of what is asked for, and no more.
constexpr std::size_t kReadBytesMax = 16 * kMiB;

struct OpenFile {
  explicit OpenFile(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd;
};

Result<std::string> read_at(const OpenFile& file,
                            const std::string& path,
                            std::uint64_t offset,
                            std::size_t size) {
  std::string block(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got =
        ::pread(file.fd, block.data() + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_failure("cannot read", path);
    if (got == 0) break;  // it was cut short meanwhile
    have += static_cast<std::size_t>(got);
  }
  block.resize(have);
  return block;
}

/// Ends of lines that someone would count as lines: records with the tag F of a wanted stream.
std::size_t full_lines(std::string_view records, const LogOptions& options) {
  std::size_t count = 0;
  while (!records.empty()) {
    const std::size_t end = records.find('\n');
    const auto line = parse_log_line(records.substr(0, end));
    const bool wanted =
        !line || (line->stream == LogStream::kStdout ? options.with_stdout : options.with_stderr);
    if (wanted && (!line || !line->partial)) ++count;
    if (end == std::string_view::npos) break;
    records.remove_prefix(end + 1);
  }
  return count;
}

/// One line as it is shown, put together from its partial records.
struct Shown {
  std::string text;
  bool open = false;  // the next record of the stream goes on
};

std::string rotated_name(const std::string& name, WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02d%02d-%02d%02d%02d", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return name + "." + text;
}

}  // namespace

std::string pod_log_dir(const std::string& root,
                        const std::string& ns,
                        const std::string& name,
                        const std::string& uid) {
  return root + "/" + ns + "_" + name + "_" + uid;
}

std::string container_log_path(const std::string& container, std::uint32_t restart) {
  return container + "/" + std::to_string(restart) + ".log";
}

std::optional<LogLine> parse_log_line(std::string_view record) {
  LogLine line;
  const auto take_word = [&record]() -> std::string_view {
    const std::size_t space = record.find(' ');
    const std::string_view word = record.substr(0, space);
    record.remove_prefix(space == std::string_view::npos ? record.size() : space + 1);
    return word;
  };
  line.time = take_word();
  const std::string_view stream = take_word();
  const std::string_view tags = take_word();
  if (line.time.size() < 20 || line.time[4] != '-' || line.time[10] != 'T') return std::nullopt;
  if (stream != "stdout" && stream != "stderr") return std::nullopt;
  line.stream = stream == "stdout" ? LogStream::kStdout : LogStream::kStderr;
  // Tags are separated by ':'; the first says whether the line is whole.
  const std::string_view tag = tags.substr(0, tags.find(':'));
  if (tag != "F" && tag != "P") return std::nullopt;
  line.partial = tag == "P";
  line.text = record;
  return line;
}

std::string render_log(std::string_view records, const LogOptions& options, bool begins_inside) {
  if (begins_inside) {
    const std::size_t first = records.find('\n');
    records.remove_prefix(first == std::string_view::npos ? records.size() : first + 1);
  }
  std::deque<Shown> lines;
  std::size_t bytes = 0;
  const auto drop_oldest = [&] {
    bytes -= lines.front().text.size() + 1;
    lines.pop_front();
  };
  while (!records.empty()) {
    const std::size_t end = records.find('\n');
    const std::string_view record = records.substr(0, end);
    records.remove_prefix(end == std::string_view::npos ? records.size() : end + 1);
    const auto line = parse_log_line(record);
    if (line && !(line->stream == LogStream::kStdout ? options.with_stdout : options.with_stderr)) {
      continue;
    }
    const bool goes_on = !lines.empty() && lines.back().open && line;
    if (!goes_on) {
      lines.push_back({line && options.timestamps ? std::string(line->time) + " " : "", false});
      bytes += lines.back().text.size() + 1;
    }
    const std::string_view text = line ? line->text : record;
    lines.back().text += text;
    lines.back().open = line && line->partial;
    bytes += text.size();
    const auto too_many = [&] {
      return (options.tail_lines && lines.size() > *options.tail_lines) ||
             (bytes > options.limit_bytes && lines.size() > 1);
    };
    while (!lines.empty() && too_many()) drop_oldest();
  }
  std::string shown;
  for (const Shown& line : lines) shown += line.text + "\n";
  if (shown.size() > options.limit_bytes) shown.erase(0, shown.size() - options.limit_bytes);
  return shown;
}

Result<std::string> read_container_log(const std::string& path, const LogOptions& options) {
  const OpenFile file(path);
  if (file.fd < 0) return errno_failure("cannot open", path);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return errno_failure("cannot look at", path);
  std::uint64_t begin = static_cast<std::uint64_t>(status.st_size);
  std::string records;
  const auto enough = [&] {
    if (begin == 0 || records.size() >= kReadBytesMax) return true;
    // The first record may be cut, and its line may have begun before it.
    if (options.tail_lines) return full_lines(records, options) > *options.tail_lines + 1;
    return records.size() > 2 * options.limit_bytes;
  };
  while (!enough()) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, begin));
    Result<std::string> block = read_at(file, path, begin - size, size);
    if (!block) return block;
    begin -= size;
    records.insert(0, *block);
  }
  return render_log(records, options, begin > 0);
}

RotationPlan plan_rotation(const std::string& name,
                           std::uint64_t size_bytes,
                           const std::vector<std::string>& siblings,
                           const LogLimits& limits,
                           WallTime now) {
  RotationPlan plan;
  if (size_bytes < limits.file_bytes_max) return plan;
  std::vector<std::string> rotated;
  for (const std::string& sibling : siblings) {
    if (sibling.starts_with(name + ".")) rotated.push_back(sibling);
  }
  // Their names hold the time, so the oldest is first. The current file becomes one more of them,
  // and the runtime begins a new one.
  std::sort(rotated.begin(), rotated.end());
  const std::size_t keep = limits.files_max > 2 ? limits.files_max - 2 : 0;
  while (rotated.size() > keep) {
    plan.remove.push_back(rotated.front());
    rotated.erase(rotated.begin());
  }
  plan.rename_to = rotated_name(name, now);
  while (std::find(siblings.begin(), siblings.end(), plan.rename_to) != siblings.end()) {
    plan.rename_to += "0";  // twice in one second
  }
  return plan;
}

async::Task<Result<bool>> rotate_container_log(std::string path,
                                               LogLimits limits,
                                               WallTime now,
                                               ReopenLog reopen) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) co_return false;
    co_return errno_failure("cannot look at", path);
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < limits.file_bytes_max) co_return false;
  const fs::path directory = fs::path(path).parent_path();
  std::vector<std::string> siblings;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    siblings.push_back(entry.path().filename().string());
  }
  const RotationPlan plan =
      plan_rotation(fs::path(path).filename().string(), size, siblings, limits, now);
  for (const std::string& name : plan.remove) fs::remove(directory / name, error);
  const std::string rotated = (directory / plan.rename_to).string();
  if (::rename(path.c_str(), rotated.c_str()) != 0) co_return errno_failure("cannot rename", path);
  Result<void> reopened = co_await reopen();
  if (reopened) co_return true;
  // The runtime still writes to the old file: under its old name it is tried again next time.
  if (::rename(rotated.c_str(), path.c_str()) != 0) {
    log::warning("a rotated log keeps its new name", {{"file", rotated}});
  }
  co_return fail("cannot reopen the log " + path, reopened.error());
}

}  // namespace skerry::edged
