// a TCP connection by name, within a deadline.
#pragma once

#include <cstdint>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/net/socket.h"

namespace skerry::net {

/// Tries every address of the name in turn, each with a fair part of the time that is left.
/// Errors: kNotFound (no such name), kUnavailable (refused, unreachable), kTimeout.
async::Task<Result<Incoming>> dial(std::string host, std::uint16_t port, TimePoint deadline);

}  // namespace skerry::net
