// Whole small files: /proc, /sys, cgroupfs and our own leavings. Thread: any; synchronous.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edged {

/// At most `limit_bytes`; more is kTooLarge. Errors: kNotFound, kStorage.
Result<std::string> read_small_file(const std::string& path, std::size_t limit_bytes = kMiB);

/// Writes in one write(2), as the kernel's files want it. Errors: kNotFound, kStorage.
Result<void> write_small_file(const std::string& path, std::string_view text);

/// "cannot open /x: No such file or directory", kNotFound for ENOENT, else kStorage.
tl::unexpected<Error> errno_failure(std::string_view doing, const std::string& path);

/// Without trailing white space and NULs.
std::string trimmed(std::string text);

}  // namespace skerry::edged
