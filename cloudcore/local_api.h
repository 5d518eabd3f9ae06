// What a running cloudcore tells commands on the same machine, over <data-dir>/cloudcore.sock.
#pragma once

#include <string>

#include "cloudcore/edgecontroller/edge_controller.h"
#include "common/config/cloud_config.h"
#include "common/metrics/http_endpoint.h"

namespace skerry::cloudcore {

/// GET /node?name=NAME: JSON of NodeView. `controller` outlives the endpoint.
metrics::HttpRoutes local_routes(const edgecontroller::EdgeController& controller);

/// The body of /node.
std::string encode_view(const edgecontroller::NodeView& view);
/// Errors: kMalformed: the daemon is of another version.
Result<edgecontroller::NodeView> decode_view(const std::string& text);

std::string socket_path(const config::CloudConfig& config);

}  // namespace skerry::cloudcore
