// A commit: one transaction over the tables, with the mirror in memory taken back when it fails.
// What it does to the desired set and to what edged keeps: store_pods.cc; to the outbox:
// store_outbox.cc.
#include <algorithm>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "edgecore/metamanager/sqlite_store.h"

namespace skerry::metamanager {

using lane::ReportKind;

namespace {
constexpr auto kTellUnwritableAgain = 10min;
}  // namespace

Result<std::vector<lane::Report>> SqliteStore::commit(const Batch& batch) {
  SKERRY_ASSERT(!db_.in_transaction(), "one commit at a time");
  const Meta before = meta_;
  const auto on_disk_before = std::pair(meta_on_disk_, time_floor_on_disk_);
  std::vector<lane::Report> added;
  auto done = apply(batch, added);
  if (done && db_.in_transaction()) done = db_.query("COMMIT").run();
  if (done) {
    undo_.forget();
    std::erase_if(added, [this](const lane::Report& report) { return !still_waiting(report); });
    return added;
  }
  if (db_.in_transaction()) (void)db_.execute("ROLLBACK");
  undo_.roll_back();
  // A number is never used twice, not even when a failed commit turns out to be on disk after all.
  const std::uint64_t next_seq = meta_.next_seq;
  meta_ = before;
  meta_.next_seq = next_seq;
  std::tie(meta_on_disk_, time_floor_on_disk_) = on_disk_before;
  tell_unwritable(done.error());
  return fail(done.error());
}

/// Once for all who want to write, and not at each of their tries: the log may be on that disk too.
void SqliteStore::tell_unwritable(const Error& error) {
  const TimePoint now = world_.clock.now();
  if (told_unwritable_ && now < *told_unwritable_ + kTellUnwritableAgain) return;
  told_unwritable_ = now;
  log::error("the store takes no writes: what runs goes on, nothing new begins", {error});
}

/// A statement that changes something; the first one begins the transaction.
Query SqliteStore::writing(const char* sql) {
  if (!db_.in_transaction()) {
    if (const auto begun = db_.query("BEGIN IMMEDIATE").run(); !begun) return Query(begun.error());
  }
  return db_.query(sql);
}

Result<void> SqliteStore::apply(const Batch& batch, std::vector<lane::Report>& added) {
  Result<void> done;
  if (batch.cluster && *batch.cluster != meta_.cluster) {
    if (!meta_.cluster.empty())
      meta_.seen.clear();  // another cluster counts from its own beginning
    meta_.cluster = *batch.cluster;
    done = writing("SELECT 1").run();
  }
  for (std::size_t i = 0; done && i < batch.changes.size(); ++i)
    done = apply_change(batch.changes[i]);
  for (std::size_t i = 0; done && i < batch.tokens.size(); ++i) done = put_token(batch.tokens[i]);
  for (std::size_t i = 0; done && i < batch.pod_states.size(); ++i) {
    done = put_pod_state(batch.pod_states[i]);
  }
  for (std::size_t i = 0; done && i < batch.reports.size(); ++i) {
    done = put_report(batch.reports[i], added);
  }
  for (std::size_t i = 0; done && i < batch.reports_done.size(); ++i) {
    done = drop_report(batch.reports_done[i]);
  }
  for (std::size_t i = 0; done && i < batch.finalised.size(); ++i)
    done = finalise(batch.finalised[i]);
  if (done && batch.time_floor) done = raise_time_floor(*batch.time_floor);
  if (done && db_.in_transaction()) done = write_meta();
  return done;
}

bool SqliteStore::still_waiting(const lane::Report& report) const {
  if (report.kind == ReportKind::kEvent) return mirror_.events.count(report.seq) != 0;
  const auto found = mirror_.waiting.find({report.kind, report.key, report.uid});
  return found != mirror_.waiting.end() && found->second == report.seq;
}

// ---- single values ------------------------------------------------------------------------------

void SqliteStore::note_seen(k8s::Kind kind, ResourceVersion version) {
  if (version == ResourceVersion()) return;
  ResourceVersion& highest = meta_.seen[kind];
  highest = std::max(highest, version);
}

/// Alone it is worth a write only now and then: flash wears out, and a box needs the day, not the
/// hour.
Result<void> SqliteStore::raise_time_floor(WallTime time) {
  meta_.time_floor = std::max(meta_.time_floor, time);
  if (meta_.time_floor - time_floor_on_disk_ < kTimeFloorStep) return {};
  return writing("SELECT 1").run();
}

Result<void> SqliteStore::write_meta() {
  auto rows = meta_.rows();
  for (const auto& [name, value] : rows) {
    const auto known = meta_on_disk_.find(name);
    if (known != meta_on_disk_.end() && known->second == value) continue;
    auto done = writing("INSERT OR REPLACE INTO meta(name,value,sum) VALUES(?,?,?)")
                    .bind(name)
                    .bind(value)
                    .bind(row_sum({name, value}))
                    .run();
    if (!done) return done;
  }
  for (const auto& [name, value] : meta_on_disk_) {
    if (rows.count(name) != 0) continue;
    if (auto done = writing("DELETE FROM meta WHERE name=?").bind(name).run(); !done) return done;
  }
  meta_on_disk_ = std::move(rows);
  time_floor_on_disk_ = meta_.time_floor;
  return {};
}

}  // namespace skerry::metamanager
