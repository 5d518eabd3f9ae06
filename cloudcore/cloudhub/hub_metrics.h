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

inline constexpr metrics::MetricInfo kRulesBrokenTotal{
    "skerry_cloudhub_frames_refused_total", metrics::MetricType::kCounter,
    "Frames of nodes that broke the protocol's rules and ended their session."};
inline constexpr metrics::MetricInfo kMessagesTotal{
    "skerry_cloudhub_messages_total", metrics::MetricType::kCounter,
    "Messages of sessions by what they are: upsert, remove, nack, report, report-again, unhandled: "
    "of a kind that this version does not know."};

}  // namespace skerry::cloudhub
