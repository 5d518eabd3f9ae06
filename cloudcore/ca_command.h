// `cloudcore ca status|rotate`.
#pragma once

#include "common/config/cloud_config.h"

namespace skerry::cloudcore {

struct CaCommand {
  enum class Verb { kStatus, kRotate };
  Verb verb = Verb::kStatus;
  bool now = false;  // rotate: --now, without waiting for nodes
};

/// Answers the process' exit status. An error is one line on standard error.
int ca_command(const config::CloudConfig& config, const CaCommand& command);

}  // namespace skerry::cloudcore
