// The outbox and what was last reported, as a commit changes them.
#include <algorithm>

#include "common/base/assert.h"
#include "edgecore/metamanager/sqlite_store.h"

namespace skerry::metamanager {
namespace {

using lane::ReportKind;

bool is_status(ReportKind kind) {
  return kind == ReportKind::kPodStatus || kind == ReportKind::kNodeStatus;
}

}  // namespace

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

}  // namespace skerry::metamanager
