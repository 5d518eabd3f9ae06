// The metrics of edged: one table, made from the figures of its parts when somebody asks.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/metrics/registry.h"
#include "edgecore/edged/cri_client.h"
#include "edgecore/edged/prober.h"
#include "edgecore/edged/token_keeper.h"

namespace skerry::edged {

using metrics::MetricInfo;
using metrics::MetricType;

inline constexpr MetricInfo kPods{"skerry_edged_pods", MetricType::kGauge,
                                  "Pods of this node by phase; Unknown: not looked at yet."};
inline constexpr MetricInfo kPodWorkers{
    "skerry_edged_pod_workers", MetricType::kGauge,
    "What pods' workers do: steady, retrying (a step failed and is tried again), ending, gone "
    "(waits for the cloud to forget the pod)."};
inline constexpr MetricInfo kContainersNotReady{
    "skerry_edged_containers_not_ready", MetricType::kGauge,
    "Containers of pods that should run, and are not ready."};
inline constexpr MetricInfo kRuntimeUp{"skerry_edged_runtime_up", MetricType::kGauge,
                                       "1 while the container runtime answers."};
inline constexpr MetricInfo kRuntimeOperationsTotal{"skerry_edged_runtime_operations_total",
                                                    MetricType::kCounter,
                                                    "Calls of the container runtime by operation."};
inline constexpr MetricInfo kRuntimeErrorsTotal{
    "skerry_edged_runtime_operations_errors_total", MetricType::kCounter,
    "Calls of the container runtime that failed, by operation."};
inline constexpr MetricInfo kProbesTotal{
    "skerry_edged_probes_total", MetricType::kCounter,
    "Probes by probe_type (Liveness, Readiness, Startup) and result: successful, failed, unknown."};
inline constexpr MetricInfo kTokens{
    "skerry_edged_tokens", MetricType::kGauge,
    "Service-account tokens by state: valid, leased (expired and served on), ended (past the "
    "offline lease, not served)."};

/// Of one moment. Keys are the label's values.
struct EdgedFigures {
  std::map<std::string, std::size_t> pods;     // by phase
  std::map<std::string, std::size_t> workers;  // by state
  std::size_t containers_not_ready = 0;
  bool runtime_up = false;
  ProbeCounts probes;
};

/// A phase or state that no pod has is 0.
void export_edged(const EdgedFigures& edged, metrics::Registry& registry);
void export_runtime(const CriCalls& calls, metrics::Registry& registry);
void export_tokens(const TokenFigures& tokens, metrics::Registry& registry);

}  // namespace skerry::edged
