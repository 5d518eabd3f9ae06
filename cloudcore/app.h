// cloudcore as one object: the only place that builds its parts and puts them together.
// Threads: the calling one is the control shard; one more per hub shard.
#pragma once

#include <memory>

#include "common/base/result.h"
#include "common/config/cloud_config.h"

namespace skerry::cloudcore {

/// Owner: main. Errors of run(): what kept cloudcore from starting, one line that says what to do.
class App {
 public:
  explicit App(config::CloudConfig config);
  ~App();

  /// Runs until SIGTERM or SIGINT.
  Result<void> run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skerry::cloudcore
