// The controllers that run beside the API, and the scheduler: the one place that lists them.
//
// Owner: Standalone. Thread: the API's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cloudcore/standalone/access/service_account_tokens.h"
#include "cloudcore/standalone/controllers/controller.h"
#include "cloudcore/standalone/controllers/eviction.h"
#include "cloudcore/standalone/controllers/garbage_collector.h"
#include "cloudcore/standalone/scheduler/scheduler.h"
#include "common/tls/authority.h"

namespace skerry::standalone {

class ControllerSet {
 public:
  struct Parts {
    Api& api;
    ObjectStore& store;
    seam::World world;
    const tls::Authority& authority;     // outlives the controllers, as
    const ServiceAccountTokens& tokens;  // this does
    /// Where Pods reach the API (Service kubernetes); empty: nowhere.
    std::string advertise_address;
    std::uint16_t port = 0;
  };
  ControllerSet(Parts parts, async::Executor executor);

  void start();
  async::Task<void> stop();

 private:
  ApiClient client_;
  ApiClient scheduler_client_;
  Eviction eviction_;
  std::vector<std::unique_ptr<ControllerRunner>> runners_;
  GarbageCollector garbage_collector_;
  Scheduler scheduler_;
};

}  // namespace skerry::standalone
