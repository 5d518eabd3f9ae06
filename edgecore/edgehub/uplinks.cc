#include "edgecore/edgehub/uplinks.h"

#include <algorithm>
#include <array>

namespace skerry::edgehub {
namespace {

/// IFLA_INFO_KIND of what CNI plugins, kube-proxy and overlays make on the host.
constexpr std::array<std::string_view, 10> kPodKinds = {
    "veth", "bridge", "dummy", "vxlan", "geneve", "ipip", "ifb", "openvswitch", "netkit", "nlmon"};

bool is_uplink(const seam::NetworkInterface& one, const std::set<int>& with_default_route) {
  if (one.loopback) return false;
  if (with_default_route.contains(one.index)) return true;
  const bool of_pods = std::find(kPodKinds.begin(), kPodKinds.end(), one.kind) != kPodKinds.end();
  return !of_pods && !one.has_master;
}

}  // namespace

std::set<std::string> uplinks_of(const seam::NetworkState& state) {
  std::set<std::string> out;
  std::set<int> with_default_route;
  for (const seam::DefaultRoute& route : state.default_routes) {
    with_default_route.insert(route.interface);
    out.insert("route " + std::to_string(route.interface) + " via " + route.gateway + " metric " +
               std::to_string(route.metric));
  }
  std::set<int> uplinks;
  for (const seam::NetworkInterface& one : state.interfaces) {
    if (!is_uplink(one, with_default_route)) continue;
    uplinks.insert(one.index);
  }
  std::set<int> with_address;
  for (const seam::NetworkAddress& one : state.addresses) {
    if (!one.global || one.tentative || !uplinks.contains(one.interface)) continue;
    with_address.insert(one.interface);
    out.insert("address " + one.address + " on " + std::to_string(one.interface));
  }
  for (const seam::NetworkInterface& one : state.interfaces) {
    const bool carries = with_address.contains(one.index) || with_default_route.contains(one.index);
    if (one.running && uplinks.contains(one.index) && carries) out.insert("carrier " + one.name);
  }
  return out;
}

bool has_address(const seam::NetworkState& state, std::string_view address) {
  return std::any_of(state.addresses.begin(), state.addresses.end(),
                     [&](const seam::NetworkAddress& one) { return one.address == address; });
}

}  // namespace skerry::edgehub
