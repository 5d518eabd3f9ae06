// Files that change together: a reader sees the old set or the new one, never a mixture.
// Source: kubelet 1.34, pkg/volume/util/atomic_writer.go: `..data` is a link to a directory with a
// version in its name, every visible name is a link into `..data`, an update renames `..data`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/result.h"

namespace skerry::edged {

struct FileContent {
  std::string bytes;
  int mode = 0644;
  std::optional<std::int64_t> owner;  // uid; absent: ours
};
/// Relative path -> content.
using Payload = std::map<std::string, FileContent>;

struct WriteOptions {
  std::optional<std::int64_t> fs_group;  // group of all files; they become readable to it
};

/// Makes `directory` (which exists) hold exactly the payload. Returns whether anything changed;
/// then and only then something was written. Leavings of a write that was killed are cleared.
/// Errors: kMalformed (a path that is absolute, empty, too long or has ".."), kStorage.
Result<bool> write_atomically(const std::string& directory,
                              const Payload& payload,
                              const WriteOptions& options);

}  // namespace skerry::edged
