// What the one-shot commands share: a Kubernetes client for as long as one coroutine runs.
#pragma once

#include <functional>
#include <memory>

#include "cloudcore/cloudhub/ca_set.h"
#include "cloudcore/cloudhub/identity_store.h"
#include "cloudcore/kube/client.h"
#include "cloudcore/kube/client_config.h"
#include "cloudcore/kube/http_client.h"
#include "common/config/cloud_config.h"
#include "common/seam/world.h"

namespace skerry::cloudcore {

struct CommandSession {
  std::shared_ptr<kube::Client> client;
  std::shared_ptr<cloudhub::IdentityStore> identities;
  seam::World world;
  std::shared_ptr<kube::HttpClient> http = nullptr;  // what the client has no call for
};

using Command = std::function<async::Task<Result<void>>(CommandSession)>;

/// Connects as the configuration says and runs the command to its end on this thread.
Result<void> run_command(const config::CloudConfig& config, Command command);

/// The kubeconfig of the configuration, else the pod's service account. Errors: kNotFound
/// (neither), and those of kube::load_kubeconfig.
Result<kube::ClientConfig> kube_client_config(const config::CloudConfig& config);

/// The CA that signs nodes, and what is to become of it: see load_ca_set(). The one in the files
/// that the configuration names is taken in. Refuses the cluster's own client CA.
async::Task<Result<cloudhub::CaSet>> node_ca(CommandSession session, config::CloudConfig config);

}  // namespace skerry::cloudcore
