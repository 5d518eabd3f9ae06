#include <algorithm>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "edgecore/metamanager/sqlite_store.h"

namespace skerry::metamanager {
namespace {

using lane::ReportKind;

constexpr auto kTellUnwritableAgain = 10min;

bool is_status(ReportKind kind) {
  return kind == ReportKind::kPodStatus || kind == ReportKind::kNodeStatus;
}

std::string_view wire(const ObjectKey& key) { return k8s::info(key.kind).wire; }

Result<bool> exists(Query& query) { return query.step(); }

}  // namespace

// ---- the transaction ----------------------------------------------------------------------------

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

// ---- the desired set ----------------------------------------------------------------------------

Result<void> SqliteStore::apply_change(const ObjectChange& change) {
  return change.verb == ObjectChange::Verb::kUpsert ? upsert(change)
                                                    : remove(change.key, change.uid);
}

Result<void> SqliteStore::upsert(const ObjectChange& change) {
  SKERRY_ASSERT(change.upsert.object && change.upsert.object->json, "an upsert carries an object");
  const k8s::Object& object = *change.upsert.object;
  const bool pod = object.key.kind == k8s::Kind::kPod;
  note_seen(object.key.kind, object.resource_version);
  if (pod && change.status_seed) {
    if (auto kept = put_seed(object.uid, *change.status_seed); !kept) return kept;
  }
  ContentRow row{object.uid, object.version, !change.upsert.refused_code.empty(),
                 change.upsert.finalised};
  const auto old = mirror_.content.find(object.key);
  if (old != mirror_.content.end()) {
    const ContentRow had = old->second;
    if (had.uid == row.uid) {
      row.finalised = row.finalised || had.finalised;
      const bool same = had.version == row.version && had.refused == row.refused &&
                        had.finalised == row.finalised;
      if (same) return {};
    } else {
      auto gone = pod ? retire_pod(object.key, had)
                      : forget_status({ReportKind::kNodeStatus, object.key, had.uid});
      if (!gone) return gone;
    }
  }
  return write_object(change.upsert, row);
}

Result<void> SqliteStore::write_object(const StoredObject& stored, const ContentRow& row) {
  StoredObject with = stored;
  with.finalised = row.finalised;
  const ObjectRow out = ObjectRow::from(with);
  undo_.keep(mirror_.content, stored.object->key);
  mirror_.content[stored.object->key] = row;
  return writing("INSERT OR REPLACE INTO objects(" SKERRY_OBJECT_COLUMNS
                 ") VALUES(?,?,?,?,?,?,?,?,?,?,?)")
      .bind(out.kind)
      .bind(out.ns)
      .bind(out.name)
      .bind(out.uid)
      .blob(out.version)
      .bind(out.resource_version)
      .blob(out.json)
      .bind(out.refused_code)
      .bind(out.refused_reason)
      .bind(out.finalised)
      .bind(out.sum)
      .run();
}

Result<void> SqliteStore::remove(const ObjectKey& key, const Uid& uid) {
  const auto found = mirror_.content.find(key);
  if (found == mirror_.content.end() || found->second.uid != uid) return {};
  if (key.kind == k8s::Kind::kPod) return retire_pod(key, ContentRow(found->second));
  if (auto gone = forget_status({ReportKind::kNodeStatus, key, uid}); !gone) return gone;
  undo_.keep(mirror_.content, key);
  mirror_.content.erase(found);
  return writing("DELETE FROM objects WHERE kind=? AND ns=? AND name=?")
      .bind(wire(key))
      .bind(key.ns)
      .bind(key.name)
      .run();
}

/// The pod leaves the desired set. What runs of it ends with its own grace period; when edged had
/// finalised it before, nothing is left to end.
Result<void> SqliteStore::retire_pod(const ObjectKey& key, const ContentRow& row) {
  SKERRY_ASSERT(key.kind == k8s::Kind::kPod, "only pods terminate");
  Result<void> done;
  if (row.finalised) {
    done = forget_status({ReportKind::kPodStatus, key, row.uid});
    if (done) done = drop_pod_rows(row.uid);
  } else {
    undo_.keep(mirror_.terminating, row.uid);
    mirror_.terminating.insert(row.uid);
    done =
        writing("INSERT OR REPLACE INTO terminating(" SKERRY_OBJECT_COLUMNS
                ") SELECT " SKERRY_OBJECT_COLUMNS " FROM objects WHERE kind=? AND ns=? AND name=?")
            .bind(wire(key))
            .bind(key.ns)
            .bind(key.name)
            .run();
  }
  if (!done) return done;
  undo_.keep(mirror_.content, key);
  mirror_.content.erase(key);
  return writing("DELETE FROM objects WHERE kind=? AND ns=? AND name=?")
      .bind(wire(key))
      .bind(key.ns)
      .bind(key.name)
      .run();
}

// ---- what edged keeps about a pod ---------------------------------------------------------------

Result<void> SqliteStore::put_seed(const Uid& pod, const std::string& seed) {
  for (const char* sql :
       {"SELECT 1 FROM pod_states WHERE pod=?", "SELECT 1 FROM seeds WHERE pod=?"}) {
    Query query = db_.query(sql);
    const auto known = exists(query.bind(pod.str()));
    if (!known) return fail(known.error());
    if (*known) return {};
  }
  return writing("INSERT OR REPLACE INTO seeds(pod,json,sum) VALUES(?,?,?)")
      .bind(pod.str())
      .blob(seed)
      .bind(row_sum({pod.str(), seed}))
      .run();
}

Result<void> SqliteStore::put_pod_state(const PodState& state) {
  const std::int64_t sum = row_sum({state.pod.str(), state.json});
  {
    Query query = db_.query("SELECT 1 FROM pod_states WHERE pod=? AND json=? AND sum=?");
    const auto same = exists(query.bind(state.pod.str()).blob(state.json).bind(sum));
    if (!same) return fail(same.error());
    if (*same) return {};
  }
  auto done = writing("INSERT OR REPLACE INTO pod_states(pod,json,sum) VALUES(?,?,?)")
                  .bind(state.pod.str())
                  .blob(state.json)
                  .bind(sum)
                  .run();
  if (!done) return done;
  return writing("DELETE FROM seeds WHERE pod=?").bind(state.pod.str()).run();
}

/// A refusal is no token; which of two tokens is worth a write is the caller's to decide.
Result<void> SqliteStore::put_token(const lane::TokenGrant& grant) {
  if (grant.token.empty()) return {};
  const std::int64_t sum = token_sum(grant);
  const lane::TokenSlot& slot = grant.slot;
  {
    Query query = db_.query("SELECT 1 FROM tokens WHERE pod=? AND volume=? AND path=? AND sum=?");
    const auto same =
        exists(query.bind(slot.pod.str()).bind(slot.volume).bind(slot.path).bind(sum));
    if (!same) return fail(same.error());
    if (*same) return {};
  }
  return writing("INSERT OR REPLACE INTO tokens(" SKERRY_TOKEN_COLUMNS ") VALUES(?,?,?,?,?,?,?)")
      .bind(slot.pod.str())
      .bind(slot.volume)
      .bind(slot.path)
      .blob(grant.token)
      .bind(to_unix_ms(grant.issued))
      .bind(to_unix_ms(grant.expires))
      .bind(sum)
      .run();
}

Result<void> SqliteStore::drop_pod_rows(const Uid& pod) {
  struct Table {
    const char* any;
    const char* drop;
  };
  static constexpr Table kTables[] = {
      {"SELECT 1 FROM pod_states WHERE pod=?", "DELETE FROM pod_states WHERE pod=?"},
      {"SELECT 1 FROM seeds WHERE pod=?", "DELETE FROM seeds WHERE pod=?"},
      {"SELECT 1 FROM tokens WHERE pod=?", "DELETE FROM tokens WHERE pod=?"}};
  for (const Table& table : kTables) {
    bool any = false;
    {
      Query query = db_.query(table.any);
      const auto found = exists(query.bind(pod.str()));
      if (!found) return fail(found.error());
      any = *found;
    }
    if (!any) continue;
    if (auto gone = writing(table.drop).bind(pod.str()).run(); !gone) return gone;
  }
  return {};
}

/// Nothing of this uid is left at the edge. When the cloud still has it in the desired set, the row
/// remembers that, so that the Remove to come ends it at once.
Result<void> SqliteStore::finalise(const Uid& pod) {
  Result<void> done = drop_pod_rows(pod);
  const auto is_status_of_pod = [&](const ReportSlot& slot) {
    return std::get<0>(slot) == ReportKind::kPodStatus && std::get<2>(slot) == pod;
  };
  std::vector<ReportSeq> waiting;
  for (const auto& [slot, seq] : mirror_.waiting) {
    if (is_status_of_pod(slot)) waiting.push_back(seq);
  }
  for (std::size_t i = 0; done && i < waiting.size(); ++i) done = drop_report(waiting[i]);

  const auto live = std::find_if(
      mirror_.content.begin(), mirror_.content.end(),
      [&](const auto& row) { return row.first.kind == k8s::Kind::kPod && row.second.uid == pod; });
  if (done && live != mirror_.content.end() && !live->second.finalised) {
    auto stored = get(live->first);
    if (!stored) return fail(stored.error());
    if (*stored) {
      ContentRow row = live->second;
      row.finalised = true;
      done = write_object(**stored, row);
    }
  } else if (done && live == mirror_.content.end()) {
    std::vector<ReportSlot> slots;
    for (const auto& [slot, hash] : mirror_.reported) {
      if (is_status_of_pod(slot)) slots.push_back(slot);
    }
    for (std::size_t i = 0; done && i < slots.size(); ++i) done = forget_status(slots[i]);
  }
  if (!done || mirror_.terminating.count(pod) == 0) return done;
  undo_.keep(mirror_.terminating, pod);
  mirror_.terminating.erase(pod);
  return writing("DELETE FROM terminating WHERE uid=?").bind(pod.str()).run();
}

// ---- the outbox ---------------------------------------------------------------------------------

Result<void> SqliteStore::put_report(const NewReport& report, std::vector<lane::Report>& added) {
  const ReportSlot slot{report.kind, report.key, report.uid};
  const bool event = report.kind == ReportKind::kEvent;
  const auto waiting = mirror_.waiting.find(slot);
  if (!report.force) {
    const auto last = mirror_.reported.find(slot);
    const bool known_hash = report.status_hash != k8s::StatusHash();
    if (is_status(report.kind) && known_hash && last != mirror_.reported.end() &&
        last->second == report.status_hash) {
      return {};
    }
    if (report.kind == ReportKind::kFinalised && waiting != mirror_.waiting.end()) return {};
  }
  if (!event && waiting != mirror_.waiting.end()) {
    if (auto dropped = drop_report(waiting->second); !dropped) return dropped;
  }
  lane::Report numbered;
  numbered.seq = ReportSeq(meta_.next_seq++);
  numbered.kind = report.kind;
  numbered.key = report.key;
  numbered.uid = report.uid;
  numbered.revision = numbered.seq.value();
  numbered.body = report.body;
  Result<void> done = insert_report(numbered);
  if (event) {
    undo_.keep(mirror_.events, numbered.seq);
    mirror_.events.insert(numbered.seq);
    while (done && mirror_.events.size() > limits_.event_reports_max) done = drop_oldest_event();
  } else {
    undo_.keep(mirror_.waiting, slot);
    mirror_.waiting[slot] = numbered.seq;
    if (done && is_status(report.kind)) done = remember_status(slot, report.status_hash);
  }
  added.push_back(std::move(numbered));
  return done;
}

Result<void> SqliteStore::insert_report(const lane::Report& report) {
  return writing("INSERT INTO reports(" SKERRY_REPORT_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?)")
      .bind(static_cast<std::int64_t>(report.seq.value()))
      .bind(static_cast<std::int64_t>(report.kind))
      .bind(wire(report.key))
      .bind(report.key.ns)
      .bind(report.key.name)
      .bind(report.uid.str())
      .bind(static_cast<std::int64_t>(report.revision))
      .blob(report.body)
      .bind(report_sum(report))
      .run();
}

Result<void> SqliteStore::remember_status(const ReportSlot& slot, const k8s::StatusHash& hash) {
  if (hash == k8s::StatusHash()) return forget_status(slot);
  const auto last = mirror_.reported.find(slot);
  if (last != mirror_.reported.end() && last->second == hash) return {};
  undo_.keep(mirror_.reported, slot);
  mirror_.reported[slot] = hash;
  const auto& [kind, key, uid] = slot;
  const auto number = static_cast<std::int64_t>(kind);
  return writing(
             "INSERT OR REPLACE INTO reported(report_kind,kind,ns,name,uid,hash,sum)"
             " VALUES(?,?,?,?,?,?,?)")
      .bind(number)
      .bind(wire(key))
      .bind(key.ns)
      .bind(key.name)
      .bind(uid.str())
      .blob(hash.view())
      .bind(row_sum({std::to_string(number), wire(key), key.ns, key.name, uid.str(), hash.view()}))
      .run();
}

Result<void> SqliteStore::forget_status(const ReportSlot& slot) {
  const auto found = mirror_.reported.find(slot);
  if (found == mirror_.reported.end()) return {};
  const ReportSlot gone = slot;  // `slot` may live in the map
  undo_.keep(mirror_.reported, gone);
  mirror_.reported.erase(found);
  const auto& [kind, key, uid] = gone;
  return writing(
             "DELETE FROM reported WHERE report_kind=? AND kind=? AND ns=? AND name=? AND uid=?")
      .bind(static_cast<std::int64_t>(kind))
      .bind(wire(key))
      .bind(key.ns)
      .bind(key.name)
      .bind(uid.str())
      .run();
}

Result<void> SqliteStore::drop_report(ReportSeq seq) {
  if (mirror_.events.count(seq) != 0) {
    undo_.keep(mirror_.events, seq);
    mirror_.events.erase(seq);
  } else {
    const auto found = std::find_if(mirror_.waiting.begin(), mirror_.waiting.end(),
                                    [&](const auto& entry) { return entry.second == seq; });
    if (found == mirror_.waiting.end()) return {};
    undo_.keep(mirror_.waiting, found->first);
    mirror_.waiting.erase(found);
  }
  return writing("DELETE FROM reports WHERE seq=?")
      .bind(static_cast<std::int64_t>(seq.value()))
      .run();
}

Result<void> SqliteStore::drop_oldest_event() {
  SKERRY_ASSERT(!mirror_.events.empty(), "there is an oldest event");
  ++meta_.dropped_events;
  return drop_report(*mirror_.events.begin());
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
