// Tells that something in a folder has changed. The adapter of inotify.
//
// Owner: Manifests. Thread: the executor's loop. Errors: kStorage, when the kernel gives no more
// watches; the folder is then looked at from time to time only.
#pragma once

#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/base/result.h"

namespace skerry::standalone {

class DirectoryWatch {
 public:
  /// Notifies `changed` of every file that was written, moved or removed.
  static Result<std::unique_ptr<DirectoryWatch>> open(const std::string& folder,
                                                      async::Executor executor);
  ~DirectoryWatch();

  /// Until stop(). `changed` outlives it.
  async::Task<void> run(async::Wakeup& changed);
  void stop();

 private:
  struct State;
  explicit DirectoryWatch(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace skerry::standalone
