// Which changes of the network are worth a dial: those of the ways by which the cloud may be
// reached, and not those of pods, bridges and overlays. Pure. Source: design.md 4.8.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "common/seam/network.h"

namespace skerry::edgehub {

/// One line of text per default route, per address of an uplink and per uplink that has a carrier;
/// equal sets: nothing changed that the link cares for.
///
/// An uplink is an interface with a default route, whatever it is (a gateway's LAN bridge, the veth
/// of a machine that is itself a container), or hardware, VLAN, tunnel, modem. Not the loopback,
/// nor, without a default route, what container networks are made of: veth, bridges and their
/// ports, dummies, overlays. Addresses that stay on the link (fe80::) or are not usable yet
/// (duplicate address detection) do not count.
std::set<std::string> uplinks_of(const seam::NetworkState& state);

/// False: what is bound to this address can neither send nor receive any more.
bool has_address(const seam::NetworkState& state, std::string_view address);

}  // namespace skerry::edgehub
