// `cloudcore backup FILE` and `cloudcore restore FILE`: the objects of a standalone API in one
// file.
#pragma once

#include <string>

#include "common/config/cloud_config.h"

namespace skerry::cloudcore {

struct BackupCommand {
  std::string file;
  bool restore = false;
};

/// A backup is made by the cloudcore that runs with this data directory, or, when none runs, here.
/// A restore is refused while one runs; what was there before is kept beside. Answers the process'
/// exit status; an error is one line on standard error.
int backup_command(const config::CloudConfig& config, const BackupCommand& command);

}  // namespace skerry::cloudcore
