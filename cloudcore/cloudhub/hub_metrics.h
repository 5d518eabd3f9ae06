// The metrics of the hub.
#pragma once

#include "common/metrics/registry.h"

namespace skerry::cloudhub {

inline constexpr metrics::MetricInfo kSessions{"skerry_cloudhub_sessions",
                                               metrics::MetricType::kGauge, "Live node sessions."};
inline constexpr metrics::MetricInfo kConnectionsTotal{
    "skerry_cloudhub_connections_total", metrics::MetricType::kCounter, "Connections taken."};
inline constexpr metrics::MetricInfo kRefusedTotal{
    "skerry_cloudhub_connections_refused_total", metrics::MetricType::kCounter,
    "Connections that became neither a session nor a join: handshake failed or refused."};

}  // namespace skerry::cloudhub
