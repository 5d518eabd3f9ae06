// The metrics of the controllers.
#pragma once

#include "common/k8s/resource_kinds.h"
#include "common/metrics/registry.h"

namespace skerry::edgecontroller {

using metrics::MetricInfo;
using metrics::MetricType;

inline constexpr MetricInfo kForeignNodes{
    "skerry_edgecontroller_foreign_nodes", MetricType::kGauge,
    "Connected nodes of another cluster, which wait for `cloudcore node accept`."};
inline constexpr MetricInfo kRestoredTotal{
    "skerry_edgecontroller_restored_total", MetricType::kCounter,
    "Sessions that began with a node which had seen a newer state than the cluster has."};

inline constexpr MetricInfo kObjects{
    "skerry_edgecontroller_objects", MetricType::kGauge,
    "Objects held for edge nodes, by kind: nodes, their pods, and what these refer to."};
inline constexpr MetricInfo kPodsHeld{
    "skerry_edgecontroller_pods_waiting_for_references", MetricType::kGauge,
    "Pods that are not sent yet: it is not known whether what they refer to exists."};
inline constexpr MetricInfo kPodsBeingPatched{
    "skerry_edgecontroller_pods_waiting_for_offline_policy", MetricType::kGauge,
    "Pods that are not sent yet: their tolerations are being patched."};
inline constexpr MetricInfo kNodesLive{"skerry_edgecontroller_nodes_live", MetricType::kGauge,
                                       "Nodes whose session is open and whose lease is renewed."};
inline constexpr MetricInfo kReportsTotal{
    "skerry_edgecontroller_reports_total", MetricType::kCounter,
    "Reports of nodes by kind and outcome: ok, refused, retry."};
inline constexpr MetricInfo kReportDuration{
    "skerry_edgecontroller_report_duration_seconds", MetricType::kHistogram,
    "Time from a report's arrival on the control loop to the API's answer to its write."};
inline constexpr MetricInfo kListsTotal{
    "skerry_edgecontroller_lists_total", MetricType::kCounter,
    "Whole lists taken from the API, by kind: a watch begins with one, further ones are relists."};
inline void count_list(metrics::Registry& registry, k8s::Kind kind) {
  registry.counter(kListsTotal, {{"kind", std::string(k8s::info(kind).wire)}}).add();
}

}  // namespace skerry::edgecontroller
