// The kernel's answers to "which interfaces, addresses, routes are there". Pure. Private to
// common/seam. Source: rtnetlink(7), linux/rtnetlink.h, linux/if_link.h.
#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/seam/network.h"

namespace skerry::seam {

/// Adds what one datagram of a dump says to `state`. True: this was the dump's end. What is
/// unknown, or cut off, is skipped. Errors: kUnavailable: the kernel answered with an error, or
/// with NLM_F_DUMP_INTR (things changed meanwhile: ask again).
Result<bool> take_dump(std::string_view datagram, NetworkState& state);

}  // namespace skerry::seam
