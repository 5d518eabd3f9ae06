// The metrics of joining and identity.
#pragma once

#include "common/metrics/registry.h"

namespace skerry::cloudhub {

inline constexpr metrics::MetricInfo kJoinsTotal{
    "skerry_cloudhub_joins_total", metrics::MetricType::kCounter,
    "Join requests by result: issued, repeated, throttled, refused, failed."};
inline constexpr metrics::MetricInfo kRenewalsTotal{
    "skerry_cloudhub_renewals_total", metrics::MetricType::kCounter,
    "Certificate renewals by result: issued, throttled, refused, failed."};

inline constexpr metrics::MetricInfo kNodesWithoutNextCa{
    "skerry_cloudhub_nodes_without_next_ca", metrics::MetricType::kGauge,
    "Nodes that do not hold the CA that is on its way; 0 also when none is."};

}  // namespace skerry::cloudhub
