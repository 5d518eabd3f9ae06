#include "edgecore/edgehub/uplinks.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgehub;
using seam::NetworkState;

namespace {

/// A gateway with one wire, a bridge of pods and one pod.
NetworkState gateway() {
  NetworkState out;
  out.interfaces = {{1, "lo", "", true, true, false},
                    {2, "eth0", "", false, true, false},
                    {3, "wwan0", "", false, false, false},
                    {5, "cni0", "bridge", false, true, false},
                    {6, "veth1a", "veth", false, true, true},
                    {9, "wlan0", "", false, false, true}};
  out.addresses = {{1, "127.0.0.1", false, false},
                   {2, "10.0.0.7", true, false},
                   {2, "fe80::7", false, false},
                   {5, "10.244.0.1", true, false}};
  out.default_routes = {{2, "10.0.0.254", 100}};
  return out;
}

struct Row {
  const char* what;
  bool counts;
  std::function<void(NetworkState&)> change;
};

seam::NetworkInterface& named(NetworkState& state, const std::string& name) {
  for (seam::NetworkInterface& one : state.interfaces) {
    if (one.name == name) return one;
  }
  FAIL(name);
  return state.interfaces.front();
}

const Row kRows[] = {
    {"nothing", false, [](NetworkState&) {}},
    {"another order", false,
     [](NetworkState& s) { std::reverse(s.addresses.begin(), s.addresses.end()); }},
    // What pods do.
    {"a pod's veth comes", false,
     [](NetworkState& s) {
       s.interfaces.push_back({11, "veth2b", "veth", false, true, true});
       s.addresses.push_back({11, "fe80::9", false, false});
     }},
    {"a pod's veth goes", false, [](NetworkState& s) { s.interfaces.erase(s.interfaces.begin() + 4); }},
    {"a veth of ptp CNI with the gateway's address", false,
     [](NetworkState& s) {
       s.interfaces.push_back({12, "veth3c", "veth", false, true, false});
       s.addresses.push_back({12, "10.244.1.1", true, false});
     }},
    {"the pods' bridge gets another address", false,
     [](NetworkState& s) { s.addresses.push_back({5, "10.244.7.1", true, false}); }},
    {"the pods' bridge loses its carrier", false,
     [](NetworkState& s) { named(s, "cni0").running = false; }},
    {"an overlay comes", false,
     [](NetworkState& s) {
       s.interfaces.push_back({13, "flannel.1", "vxlan", false, true, false});
       s.addresses.push_back({13, "10.244.0.0", true, false});
     }},
    {"a Service on kube-proxy's dummy", false,
     [](NetworkState& s) {
       s.interfaces.push_back({14, "kube-ipvs0", "dummy", false, true, false});
       s.addresses.push_back({14, "10.96.0.1", true, false});
     }},
    {"an address on the loopback", false,
     [](NetworkState& s) { s.addresses.push_back({1, "192.0.2.1", true, false}); }},
    {"an address on a port of a bridge", false,
     [](NetworkState& s) { s.addresses.push_back({9, "10.9.0.1", true, false}); }},
    {"an address that stays on the link", false,
     [](NetworkState& s) { s.addresses.push_back({3, "fe80::3", false, false}); }},
    {"an address that is not usable yet", false,
     [](NetworkState& s) { s.addresses.push_back({2, "fd00::7", true, true}); }},
    {"hardware without an address gets a carrier", false,
     [](NetworkState& s) { named(s, "wwan0").running = true; }},
    // What the link cares for.
    {"an address on hardware", true,
     [](NetworkState& s) { s.addresses.push_back({3, "100.64.0.9", true, false}); }},
    {"duplicate address detection is over", true,
     [](NetworkState& s) { s.addresses.push_back({2, "fd00::7", true, false}); }},
    {"the address goes", true, [](NetworkState& s) { s.addresses.erase(s.addresses.begin() + 1); }},
    {"a tunnel comes", true,
     [](NetworkState& s) {
       s.interfaces.push_back({15, "wg0", "wireguard", false, true, false});
       s.addresses.push_back({15, "10.8.0.2", true, false});
     }},
    {"a second default route", true,
     [](NetworkState& s) { s.default_routes.push_back({3, "100.64.0.1", 700}); }},
    {"another gateway", true, [](NetworkState& s) { s.default_routes[0].gateway = "10.0.0.253"; }},
    {"another metric", true, [](NetworkState& s) { s.default_routes[0].metric = 50; }},
    {"the default route goes", true, [](NetworkState& s) { s.default_routes.clear(); }},
    {"the cable is pulled", true, [](NetworkState& s) { named(s, "eth0").running = false; }},
    {"a default route over a veth: the machine is a container itself", true,
     [](NetworkState& s) {
       s.interfaces.push_back({16, "eth1", "veth", false, true, false});
       s.addresses.push_back({16, "172.17.0.2", true, false});
       s.default_routes.push_back({16, "172.17.0.1", 0});
     }},
    {"the default route moves to a LAN bridge", true,
     [](NetworkState& s) { s.default_routes[0].interface = 5; }},
};

}  // namespace

TEST_CASE("Uplinks: what counts as a change of the ways to the cloud", "[edgehub]") {
  for (const Row& row : kRows) {
    NetworkState after = gateway();
    row.change(after);
    INFO(row.what);
    CHECK((uplinks_of(gateway()) != uplinks_of(after)) == row.counts);
  }
}

TEST_CASE("Uplinks: an address that any interface has works", "[edgehub]") {
  CHECK(has_address(gateway(), "10.0.0.7"));
  CHECK(has_address(gateway(), "127.0.0.1"));
  CHECK_FALSE(has_address(gateway(), "10.0.0.8"));
  CHECK_FALSE(has_address(gateway(), ""));
}
