// At most so many requests at once towards the API server; the others wait in a bounded queue.
#pragma once

#include <cstddef>
#include <memory>

#include "cloudcore/kube/http_client.h"
#include "common/seam/world.h"

namespace skerry::kube {

struct GateLimits {
  std::size_t in_flight_max = 32;
  std::size_t urgent_in_flight_max = 48;  // urgent ones find a place also when the gate is full
  std::size_t waiting_max = 20000;
};

/// An HttpClient before another. Urgent requests go first. One that waits past its deadline ends
/// with kTimeout; when the queue is full a new one ends with kThrottled at once. Streams pass by:
/// their number is fixed by the program.
std::shared_ptr<HttpClient> make_request_gate(std::shared_ptr<HttpClient> next,
                                              async::Executor executor,
                                              seam::World world,
                                              GateLimits limits = {});

}  // namespace skerry::kube
