// The machine's ways to the outside as the kernel knows them, and when to look again: an uplink
// came or went, an address changed. The real one is rtnetlink (posix_network.cc, parsed by
// rtnetlink.h); tests hand in a ManualNetwork.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::seam {

struct NetworkInterface {
  int index = 0;
  std::string name;
  std::string kind;  // IFLA_INFO_KIND: "veth", "bridge", "vxlan"...; empty: hardware
  bool loopback = false;
  bool running = false;      // up, and with a carrier
  bool has_master = false;  // port of a bridge, bond or VRF
  bool operator==(const NetworkInterface&) const = default;
};

struct NetworkAddress {
  int interface = 0;
  std::string address;     // "10.0.0.7", "fd00::7": as inet_ntop writes it
  bool global = false;     // scope: reaches further than this link
  bool tentative = false;  // IPv6: duplicate address detection still runs, or has failed
  bool operator==(const NetworkAddress&) const = default;
};

struct DefaultRoute {
  int interface = 0;    // 0: several (multipath)
  std::string gateway;  // empty: the interface itself
  std::uint32_t metric = 0;
  bool operator==(const DefaultRoute&) const = default;
};

struct NetworkState {
  std::vector<NetworkInterface> interfaces;
  std::vector<NetworkAddress> addresses;
  std::vector<DefaultRoute> default_routes;
  bool operator==(const NetworkState&) const = default;
};

/// Owner: App. Thread: the loop.
class Network {
 public:
  virtual ~Network() = default;
  /// At once; the kernel is asked. Errors: kUnsupported, kUnavailable.
  virtual Result<NetworkState> read() = 0;
  /// Returns when something may have changed since the last return, or after close(). Many changes
  /// are one. One call at a time.
  virtual async::Task<void> wait_for_change() = 0;
  virtual void close() = 0;
};

/// Of the network namespace that this process is in. Errors: kUnsupported, where the kernel or a
/// sandbox has no rtnetlink.
Result<std::unique_ptr<Network>> posix_network(const async::Executor& executor);

}  // namespace skerry::seam
