// The metrics of the store: one table, made from MetaManager's figures when somebody asks.
#pragma once

#include "common/metrics/registry.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::metamanager {

using metrics::MetricInfo;
using metrics::MetricType;

inline constexpr MetricInfo kCommitsTotal{
    "skerry_metamanager_commits_total", MetricType::kCounter,
    "Groups of changes that were made durable, one fsync each where anything changed."};
inline constexpr MetricInfo kBatchesTotal{"skerry_metamanager_batches_total", MetricType::kCounter,
                                          "Changes that were asked for; several make a group."};
inline constexpr MetricInfo kCommitFailuresTotal{"skerry_metamanager_commit_failures_total",
                                                 MetricType::kCounter,
                                                 "Groups that the disk did not take."};
inline constexpr MetricInfo kWrittenBytesTotal{
    "skerry_metamanager_written_bytes_total", MetricType::kCounter,
    "Bytes of database pages written to the log of the store since the start."};
inline constexpr MetricInfo kBadRowsTotal{
    "skerry_metamanager_bad_rows_total", MetricType::kCounter,
    "Rows dropped since the start because their checksum was wrong."};
inline constexpr MetricInfo kReportsWaiting{"skerry_metamanager_reports_waiting",
                                            MetricType::kGauge,
                                            "Reports that the cloud has not acknowledged yet."};
inline constexpr MetricInfo kEventsDroppedTotal{
    "skerry_metamanager_events_dropped_total", MetricType::kCounter,
    "Events dropped because too many waited for the cloud, in the life of this store."};

void export_store(const MetaManager::Figures& store, metrics::Registry& registry);

}  // namespace skerry::metamanager
