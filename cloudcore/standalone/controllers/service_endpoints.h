// Where a Service's traffic goes: its Pods as addresses with ports, and the two forms in which the
// API shows them. Pure.
// Source: pkg/controller/endpoint, k8s.io/endpointslice, as behaviour.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace skerry::standalone {

inline constexpr std::size_t kSliceEndpointsMax = 100;
inline constexpr std::size_t kEndpointsAddressesMax = 1000;

/// The zone of a Node; empty: it has none.
using ZoneOf = std::function<std::string(const std::string& node)>;

/// `subsets` of the Service's Endpoints: addresses by the ports that they have in common.
nlohmann::json endpoint_subsets(const nlohmann::json& service,
                                const std::vector<nlohmann::json>& pods);
/// At most kEndpointsAddressesMax addresses, ready ones first; whether some were cut.
bool truncate_subsets(nlohmann::json& subsets);

/// Endpoints that share their ports; each becomes one or more slices.
struct EndpointGroup {
  std::string address_type;               // IPv4, IPv6
  nlohmann::json ports;                   // null: the Service has none
  std::vector<nlohmann::json> endpoints;  // of a slice
};
std::vector<EndpointGroup> endpoint_groups(const nlohmann::json& service,
                                           const std::vector<nlohmann::json>& pods,
                                           const ZoneOf& zone_of);
/// The same of Endpoints that somebody wrote by hand.
std::vector<EndpointGroup> mirrored_groups(const nlohmann::json& endpoints);

/// Slices as they should be: those that are there, changed as little as possible, and new ones.
struct SlicePlan {
  std::vector<nlohmann::json> create;  // ports, addressType, endpoints
  std::vector<nlohmann::json> update;  // with metadata
  std::vector<nlohmann::json> remove;
};
SlicePlan plan_slices(const std::vector<nlohmann::json>& slices, std::vector<EndpointGroup> groups);

bool is_headless(const nlohmann::json& service);

}  // namespace skerry::standalone
