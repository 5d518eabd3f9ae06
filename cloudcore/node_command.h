// `cloudcore node list|revoke|accept|explain`.
#pragma once

#include <string>

#include "common/config/cloud_config.h"

namespace skerry::cloudcore {

struct NodeCommand {
  enum class Verb { kList, kRevoke, kAccept, kExplain };
  Verb verb = Verb::kList;
  std::string node;    // revoke, accept, explain: NAME
  bool all = false;    // accept: every node that has joined
  std::string reason;  // revoke: --reason, for people
};

/// Answers the process' exit status. An error is one line on standard error.
int node_command(const config::CloudConfig& config, const NodeCommand& command);

}  // namespace skerry::cloudcore
