// The metrics of the controllers.
#pragma once

#include "common/metrics/registry.h"

namespace skerry::edgecontroller {

inline constexpr metrics::MetricInfo kForeignNodes{
    "skerry_edgecontroller_foreign_nodes", metrics::MetricType::kGauge,
    "Connected nodes of another cluster, which wait for `cloudcore node accept`."};
inline constexpr metrics::MetricInfo kRestoredTotal{
    "skerry_edgecontroller_restored_total", metrics::MetricType::kCounter,
    "Sessions that began with a node which had seen a newer state than the cluster has."};

}  // namespace skerry::edgecontroller
