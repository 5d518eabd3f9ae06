// Container log files in CRI's format: reading the end of one, and rotation by size.
// "2016-10-06T00:17:09.669794202Z stdout F text": time, stream, F(ull) or P(artial), text.
// Source: CRI logging format (kubernetes/design-proposals), kubelet 1.34 container_log_manager.go.
//
//   read_container_log(path, {.tail_lines = 100})            // `edgecore logs`
//   rotate_container_log(path, limits, now, reopen)          // per running container, every 10 s
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edged {

/// "<pods logs>/<ns>_<name>_<uid>"; sandbox config's log_directory.
std::string pod_log_dir(const std::string& root,
                        const std::string& ns,
                        const std::string& name,
                        const std::string& uid);
/// "<container>/<restart>.log"; container config's log_path.
std::string container_log_path(const std::string& container, std::uint32_t restart);

enum class LogStream : std::uint8_t { kStdout, kStderr };

struct LogLine {
  std::string_view time;  // RFC 3339 with nanoseconds
  LogStream stream = LogStream::kStdout;
  bool partial = false;   // the line goes on in the next record
  std::string_view text;  // without the newline
};
/// Nothing for what is not a CRI log line.
std::optional<LogLine> parse_log_line(std::string_view record);

struct LogOptions {
  std::optional<std::size_t> tail_lines;  // of the end; absent: all
  std::size_t limit_bytes = 1 * kMiB;     // of the result; the newest are kept
  bool timestamps = false;
  bool with_stdout = true;
  bool with_stderr = true;
};

/// The text of a log file's end. Follows nothing: what is there now. Damaged records are given as
/// they are. Errors: kNotFound, kStorage.
Result<std::string> read_container_log(const std::string& path, const LogOptions& options);
/// The same over bytes, for tests and other sources. Pure. `begins_inside`: the first record may be
/// cut and is dropped.
std::string render_log(std::string_view records, const LogOptions& options, bool begins_inside);

/// kubelet: containerLogMaxSize 10Mi, containerLogMaxFiles 5.
struct LogLimits {
  std::uint64_t file_bytes_max = 10 * kMiB;
  std::size_t files_max = 5;  // the current one included; at least 2
};

struct RotationPlan {
  std::vector<std::string> remove;  // oldest rotated files, by name
  std::string rename_to;            // empty: too small to rotate
};
/// Pure. `siblings`: names in the directory; `name`: the current file's.
RotationPlan plan_rotation(const std::string& name,
                           std::uint64_t size_bytes,
                           const std::vector<std::string>& siblings,
                           const LogLimits& limits,
                           WallTime now);

/// CRI ReopenContainerLog of the container that writes the file.
using ReopenLog = std::function<async::Task<Result<void>>()>;
/// True when it was rotated. One stat when the file is small. When reopening fails the file gets
/// its name back and the error is returned. Errors: kStorage, those of `reopen`; a missing file is
/// false.
async::Task<Result<bool>> rotate_container_log(std::string path,
                                               LogLimits limits,
                                               WallTime now,
                                               ReopenLog reopen);

}  // namespace skerry::edged
