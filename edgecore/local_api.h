// What `edgecore get|logs|status` ask the daemon over <data-dir>/edgecore.sock. Works offline.
// Commands open the store themselves only when the daemon is down.
#pragma once

#include <functional>
#include <string>

#include "common/metrics/http_endpoint.h"
#include "edgecore/edged/edged.h"
#include "edgecore/edged/token_keeper.h"
#include "edgecore/edgehub/edge_hub.h"
#include "edgecore/metamanager/metamanager.h"
#include "edgecore/node_identity.h"

namespace skerry::edgecore {

/// What `edgecore status` says beside the parts' own figures.
struct DaemonFacts {
  std::string node;
  std::string server;
  std::string version;
  std::chrono::milliseconds offline_credential_lease{};
};

/// All of it lives until the endpoint has stopped.
struct LocalApiParts {
  metamanager::MetaManager& meta;
  edged::Edged& edged;
  edgehub::EdgeHub& hub;
  const edged::TokenKeeper& tokens;
  const NodeIdentity& identity;
  const edged::CriClient& runtime;
  metrics::Registry& registry;
  seam::World world;
  DaemonFacts facts;
};

/// GET /status, /pods, /objects, /logs?namespace=&pod=&container=&tail=, and the health routes.
metrics::HttpRoutes local_routes(LocalApiParts parts);

std::string socket_path(const std::string& data_dir);

}  // namespace skerry::edgecore
