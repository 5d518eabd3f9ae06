#include "edgecore/metamanager/store_metrics.h"

namespace skerry::metamanager {

void export_store(const MetaManager::Figures& store, metrics::Registry& registry) {
  registry.counter(kCommitsTotal).raise_to(store.commits);
  registry.counter(kBatchesTotal).raise_to(store.batches);
  registry.counter(kCommitFailuresTotal).raise_to(store.failures);
  registry.counter(kWrittenBytesTotal).raise_to(store.written_bytes);
  registry.counter(kBadRowsTotal).raise_to(store.bad_rows);
  registry.gauge(kReportsWaiting).set(static_cast<std::int64_t>(store.waiting_reports));
  registry.counter(kEventsDroppedTotal).raise_to(store.dropped_events);
}

}  // namespace skerry::metamanager
