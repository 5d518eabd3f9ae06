// edgecore's one-shot commands. Each answers the process' exit status; an error is one line on
// standard error that says what to do.
#pragma once

#include <string>

#include "common/config/edge_config.h"

namespace skerry::edgecore {

struct JoinCommand {
  std::string server;  // --cloudcore-ipport
  std::string token;
  std::string node;    // --edgenode-name; empty: the host's
  std::string labels;  // "k=v,.."
  std::string runtime_endpoint;
};
/// Gets the identity, writes it under the data dir, starts the systemd unit where it is installed.
int join_command(const config::EdgeConfig& config, const JoinCommand& command);

/// Forgets the identity and the store: the node can join again as another. Containers are not
/// touched.
int reset_command(const config::EdgeConfig& config);

enum class GetWhat { kPods, kObjects };
int get_command(const config::EdgeConfig& config, GetWhat what, bool json);

struct LogsCommand {
  std::string pod;  // "name" or "namespace/name"
  std::string container;
  std::string tail;
};
int logs_command(const config::EdgeConfig& config, const LogsCommand& command);

int status_command(const config::EdgeConfig& config);

}  // namespace skerry::edgecore
