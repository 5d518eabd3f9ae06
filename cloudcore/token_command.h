// `cloudcore token create|list|delete`. Options come as the user wrote them.
#pragma once

#include <cstdint>
#include <string>

#include "common/config/cloud_config.h"

namespace skerry::cloudcore {

struct TokenCommand {
  enum class Verb { kCreate, kList, kDelete };
  Verb verb = Verb::kList;
  std::string node;           // create: --node
  std::string labels;         // create: --labels k=v,..
  std::string ttl = "24h";    // create: --ttl
  std::int64_t reusable = 1;  // create: --reusable N
  std::string id;             // delete: ID
};

/// Answers the process' exit status. Results go to standard output, the token alone on the last
/// line; an error is one line on standard error.
int token_command(const config::CloudConfig& config, const TokenCommand& command);

}  // namespace skerry::cloudcore
