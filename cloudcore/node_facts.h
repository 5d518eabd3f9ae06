// Gathers what `cloudcore node explain` says: from the API, the Secrets, and the daemon of this
// machine.
#pragma once

#include "cloudcore/command_session.h"

namespace skerry::cloudcore {

/// Prints node_explanation.h's words. Errors: the API's; a daemon that does not answer is none.
async::Task<Result<void>> explain_node(CommandSession session,
                                       config::CloudConfig config,
                                       NodeName node);

}  // namespace skerry::cloudcore
