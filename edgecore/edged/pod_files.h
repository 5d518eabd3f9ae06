// The small files beside a pod's volumes: hosts file, termination messages, logs.
// Thread: the loop, synchronously. All errors are kStorage.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edged {

inline constexpr std::size_t kTerminationMessageBytesMax = 4 * kKiB;

/// Makes the file or replaces what is in it; `mode` holds whatever the umask.
Result<void> put_file(const std::string& path, const std::string& content, int mode);

/// <pod dir>/containers/<name>/<attempt>: an empty file that any user may write.
Result<std::string> make_message_file(const std::string& pod_dir,
                                      const std::string& container,
                                      std::uint32_t attempt);
/// At most kTerminationMessageBytesMax bytes; empty when there is none.
std::string read_message_file(const std::string& path);

/// A container's log and its rotated ones. What cannot be removed stays.
void remove_log_files(const std::string& log_path);

}  // namespace skerry::edged
