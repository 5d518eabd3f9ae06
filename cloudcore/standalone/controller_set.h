// The controllers that run beside the API, and the scheduler: the one place that lists them.
//
// Owner: Standalone. Thread: the API's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/controller.h"
#include "cloudcore/standalone/controllers/garbage_collector.h"

namespace skerry::standalone {

class ControllerSet {
 public:
  struct Parts {
    Api& api;
    ObjectStore& store;
    seam::World world;
    std::string root_ca_pem;
  };
  ControllerSet(Parts parts, async::Executor executor);

  void start();
  async::Task<void> stop();

 private:
  ApiClient client_;
  ApiClient scheduler_client_;
  std::vector<std::unique_ptr<ControllerRunner>> runners_;
  GarbageCollector garbage_collector_;
};

}  // namespace skerry::standalone
