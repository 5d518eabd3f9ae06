// edgecore as one object: the only place that builds its parts and puts them together.
// One loop on the calling thread; the store has a thread of its own.
#pragma once

#include <memory>

#include "common/base/result.h"
#include "common/config/edge_config.h"

namespace skerry::edgecore {

/// Owner: main. Errors of run(): what kept edgecore from starting, one line that says what to do.
class App {
 public:
  explicit App(config::EdgeConfig config);
  ~App();

  /// Runs until SIGTERM or SIGINT. Containers go on.
  Result<void> run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skerry::edgecore
