// What Pods ask for and Nodes have. Pure.
// Source: k8s.io/component-helpers/resource (PodRequests), pkg/scheduler (NonZeroRequested).
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace skerry::standalone {

struct ResourceAmounts {
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t storage_bytes = 0;              // ephemeral-storage
  std::int64_t pods = 0;                       // of a Node: how many it takes
  std::map<std::string, std::int64_t> others;  // hugepages, extended resources

  void add(const ResourceAmounts& other);
  void subtract(const ResourceAmounts& other);
  void raise_to(const ResourceAmounts& other);  // the larger of each
  friend bool operator==(const ResourceAmounts&, const ResourceAmounts&) = default;
};

/// A list of quantities by name ("cpu": "500m").
ResourceAmounts read_amounts(const nlohmann::json& quantities);
/// Of a Pod: its containers together, or what one of its init containers needs with the sidecars
/// before it, if that is more; and its overhead.
ResourceAmounts requested(const nlohmann::json& pod);
/// The same for scores: a container that asks for nothing counts as 100m and 200 MB.
ResourceAmounts requested_for_score(const nlohmann::json& pod);

}  // namespace skerry::standalone
