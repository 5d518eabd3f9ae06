// The desired set and what edged keeps about its pods, as a commit changes them.
#include <algorithm>

#include "common/base/assert.h"
#include "edgecore/metamanager/sqlite_store.h"

namespace skerry::metamanager {
namespace {

using lane::ReportKind;

Result<bool> exists(Query& query) { return query.step(); }

}  // namespace

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

}  // namespace skerry::metamanager
