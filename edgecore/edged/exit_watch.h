// Notices a container's end within milliseconds: a pidfd becomes readable when its process ends.
// containerd 1.6 has no event stream. Source: pidfd_open(2).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::edged {

/// Owner: Edged. Thread: the loop. Limit: one descriptor per running container.
class ExitWatch {
 public:
  explicit ExitWatch(async::Executor executor);
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

  /// Calls `ended` once, on the loop, when the process ends. The caller reads the container's
  /// status again afterwards: the pid may have been reused before it was opened. Errors: kNotFound
  /// (it has ended), kUnsupported (no pidfd: rely on relists), kStorage.
  Result<void> watch(const std::string& container_id, int pid, std::function<void()> ended);
  void forget(const std::string& container_id);
  bool watches(const std::string& container_id) const;
  std::size_t size() const;

 private:
  struct Entry;
  async::Executor executor_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace skerry::edged
