// Events: what a controller did, for people who read `kubectl describe`. Repeated ones are counted
// in one object.
//
// Owner: a controller. Thread: the API's loop. Errors: none for its caller: an Event that cannot be
// written is counted in `dropped` and logged; the object's status says the same.
// Source: client-go tools/record.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cloudcore/standalone/controllers/api_client.h"
#include "cloudcore/standalone/controllers/event_correlator.h"
#include "common/seam/world.h"

namespace skerry::standalone {

class EventRecorder {
 public:
  /// `component`: who says it, "deployment-controller".
  EventRecorder(ApiClient& client, seam::World world, std::string component)
      : client_(client), world_(world), component_(std::move(component)) {}

  /// Of `object`, which has apiVersion, kind and metadata.
  async::Task<void> normal(nlohmann::json object, std::string reason, std::string message);
  async::Task<void> warning(nlohmann::json object, std::string reason, std::string message);

 private:
  struct Event {
    std::string type;
    std::string reason;
    std::string message;
  };
  async::Task<void> tell(nlohmann::json object, Event event);

  ApiClient& client_;
  seam::World world_;
  std::string component_;
  EventCorrelator correlator_;
  std::uint64_t dropped_ = 0;
};

}  // namespace skerry::standalone
