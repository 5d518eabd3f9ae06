// Bytes into lines, with a limit on each line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::kube {

/// Pure. Owner: the reader of one stream. Memory: the unfinished line.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  /// Calls `on_line` for each line that is now whole, without its newline; empty ones are left out.
  /// It answers false to hear no more. Errors: kTooLarge (nothing follows).
  Result<void> feed(std::string_view bytes, const std::function<bool(std::string_view)>& on_line);
  bool inside_line() const { return !rest_.empty(); }

 private:
  std::size_t line_bytes_max_;
  std::string rest_;
};

}  // namespace skerry::kube
