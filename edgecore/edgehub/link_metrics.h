// The metrics of the link to the cloud and of this node's certificate: one table. They are made
// from LinkStatus when somebody asks for them, so that the link itself counts nothing twice.
#pragma once

#include "common/base/units.h"
#include "common/metrics/registry.h"
#include "edgecore/edgehub/edge_hub.h"

namespace skerry::edgehub {

using metrics::MetricInfo;
using metrics::MetricType;

inline constexpr MetricInfo kConnected{"skerry_edgehub_connected", MetricType::kGauge,
                                       "1 while a session with the cloud is live."};
inline constexpr MetricInfo kOtherCluster{
    "skerry_edgehub_other_cluster", MetricType::kGauge,
    "1 while the cloud serves another cluster than this node belongs to."};
inline constexpr MetricInfo kConnectionsTotal{"skerry_edgehub_connections_total",
                                              MetricType::kCounter,
                                              "Connections to the cloud that were made."};
inline constexpr MetricInfo kDialFailuresTotal{"skerry_edgehub_dial_failures_total",
                                               MetricType::kCounter,
                                               "Dials that ended without a connection."};
inline constexpr MetricInfo kRedialsTotal{
    "skerry_edgehub_redials_total", MetricType::kCounter,
    "Dials after the first by cause: backoff, network, clock, sleep."};
inline constexpr MetricInfo kObjectsReceivedTotal{
    "skerry_edgehub_objects_received_total", MetricType::kCounter,
    "Changes of the desired set that came from the cloud, by verb: upsert, remove."};
inline constexpr MetricInfo kObjectsRefusedTotal{
    "skerry_edgehub_objects_refused_total", MetricType::kCounter,
    "Objects from the cloud that this agent cannot act upon."};
inline constexpr MetricInfo kReportsSentTotal{"skerry_edgehub_reports_sent_total",
                                              MetricType::kCounter, "Reports sent to the cloud."};
inline constexpr MetricInfo kReportRetriesTotal{"skerry_edgehub_report_retries_total",
                                                MetricType::kCounter,
                                                "Reports that the cloud asked to send again."};
inline constexpr MetricInfo kReportsRefusedTotal{"skerry_edgehub_reports_refused_total",
                                                 MetricType::kCounter,
                                                 "Reports that the Kubernetes API refused."};
inline constexpr MetricInfo kUnhandledTotal{
    "skerry_edgehub_messages_unhandled_total", MetricType::kCounter,
    "Messages of a newer cloud that this agent does not know."};
inline constexpr MetricInfo kCertificateExpiration{
    "skerry_edgehub_certificate_expiration_timestamp_seconds", MetricType::kGauge,
    "When this node's certificate ends, in seconds since 1970."};

void export_link(const LinkStatus& link, metrics::Registry& registry);
void export_certificate(WallTime not_after, metrics::Registry& registry);

}  // namespace skerry::edgehub
