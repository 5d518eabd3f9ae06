// Which objects belong to an owner with a selector: those it controls and still selects, and
// orphans that it selects, which it adopts; those it no longer selects are let go.
//
// Thread: the API's loop. Errors: of the writes; the next look goes on.
// Source: pkg/controller/controller_ref_manager.go, as behaviour.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/controllers/api_client.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {

struct ClaimRule {
  ResourceType type;
  k8s::LabelSelector selector;
  /// Narrows what may be adopted; null: all that the selector chooses.
  ObjectFilter may_adopt;
};

/// What `owner` controls afterwards, by name. An owner that is being deleted takes and gives
/// nothing.
async::Task<Answer<std::vector<nlohmann::json>>> claim(ApiClient& client,
                                                       nlohmann::json owner,
                                                       ClaimRule rule);

/// spec.selector of a workload; nothing when there is none, it cannot be read, or it
/// chooses everything.
std::optional<k8s::LabelSelector> selector_of(const nlohmann::json& owner);

/// Keys for events of what owners of `type` control: the owner; for an orphan those that select it,
/// because one may adopt it.
std::function<std::vector<std::string>(const StoredObject&)> keys_of_owners(ApiClient& client,
                                                                            ResourceType type);

}  // namespace skerry::standalone
