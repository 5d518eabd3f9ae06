// pods/eviction: a delete that asks the disruption budgets first. What `kubectl drain` uses.
//
// Owner: ControllerSet, which adds it to the Api. Thread: the API's loop. Errors: 429 when a budget
// forbids it now. Source: pkg/registry/core/pod/storage/eviction.go, as behaviour.
#pragma once

#include "cloudcore/standalone/controllers/api_client.h"
#include "common/seam/world.h"

namespace skerry::standalone {

class Eviction {
 public:
  Eviction(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  async::Task<RestAnswer> handle(ResourceRequestPtr request);

 private:
  struct Asked;
  /// The budgets' word; with an answer of true one of them counts the Pod as gone already.
  async::Task<Answer<bool>> ask_budgets(std::shared_ptr<const Asked> asked);
  async::Task<Answer<bool>> take_from(nlohmann::json budget, std::shared_ptr<const Asked> asked);
  async::Task<Answer<bool>> end(std::shared_ptr<const Asked> asked);

  ApiClient& client_;
  seam::World world_;
};

}  // namespace skerry::standalone
