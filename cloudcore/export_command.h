// `cloudcore export [DIR|-]`: every object of the API as a manifest that another cluster takes.
#pragma once

#include <string>

#include "common/config/cloud_config.h"

namespace skerry::cloudcore {

struct ExportCommand {
  std::string target = "-";  // a directory that is made, or "-": standard output
};

/// Answers the process' exit status. Secrets are among the manifests: files have mode 0600. How to
/// go on, and an error, are lines on standard error.
int export_command(const config::CloudConfig& config, const ExportCommand& command);

}  // namespace skerry::cloudcore
