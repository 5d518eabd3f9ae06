// What `edgecore get pods` shows of one pod. Value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/ids.h"
#include "common/base/units.h"

namespace skerry::edged {

struct PodSummary {
  std::string ns;
  std::string name;
  Uid uid;
  std::string phase;
  std::string reason;  // why it is not running, else empty
  std::size_t containers = 0;
  std::size_t containers_ready = 0;
  std::uint32_t restarts = 0;
  std::string ip;
  std::optional<WallTime> start_time;
};

}  // namespace skerry::edged
