#include <algorithm>
#include <charconv>

#include "common/base/log.h"
#include "edgecore/metamanager/sqlite_store.h"

namespace skerry::metamanager {
namespace {

constexpr char kSeenPrefix[] = "seen.";

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

using Keys = std::vector<std::vector<std::string>>;

}  // namespace

std::map<std::string, std::string> Meta::rows() const {
  std::map<std::string, std::string> out = {
      {"store_id", id.str()},
      {"cluster", cluster.str()},
      {"next_seq", std::to_string(next_seq)},
      {"dropped_events", std::to_string(dropped_events)},
      {"time_floor_ms", std::to_string(to_unix_ms(time_floor))}};
  for (const auto& [kind, version] : seen) {
    out[kSeenPrefix + std::string(k8s::info(kind).wire)] = std::to_string(version.value());
  }
  return out;
}

Result<void> SqliteStore::load() {
  using Step = Result<void> (SqliteStore::*)();
  for (const Step step :
       {&SqliteStore::load_meta, &SqliteStore::load_objects, &SqliteStore::load_terminating,
        &SqliteStore::load_reports, &SqliteStore::load_reported, &SqliteStore::verify_pod_tables}) {
    if (auto done = (this->*step)(); !done) return done;
    if (damaged_) return fail(Code::kStorage, "a row with a wrong checksum cannot be removed");
  }
  if (!meta_.id.empty()) return {};
  // New, or its identity was lost: with another id the cloud takes nothing for granted.
  meta_.id = StoreId(to_hex(world_.random.bytes(16)));
  if (auto begun = writing("SELECT 1").run(); !begun) return begun;
  if (auto written = write_meta(); !written) return written;
  return db_.query("COMMIT").run();
}

void SqliteStore::drop_bad(const char* sql, std::vector<std::string> key) {
  ++bad_rows_;
  log::error("store row with a wrong checksum dropped", {{"row", sql}});
  Query query = db_.query(sql);
  for (const std::string& part : key) query.bind(part);
  const auto done = query.run();
  if (done && db_.changes() != 1) damaged_ = true;  // its key is not where it should be
}

Result<void> SqliteStore::load_meta() {
  std::map<std::string, std::string> rows;
  Keys bad;
  {
    Query query = db_.query("SELECT name,value,sum FROM meta");
    const Result<void> read = query.for_each([&] {
      const std::string name = query.text(0), value = query.text(1);
      if (query.integer(2) == row_sum({name, value})) {
        rows[name] = value;
      } else {
        bad.push_back({name});
      }
    });
    if (!read) return fail(read.error());
  }
  for (auto& key : bad) drop_bad("DELETE FROM meta WHERE name=?", key);
  if (bad.empty() && rows.count("next_seq") != 0) meta_.id = StoreId(rows["store_id"]);
  meta_.cluster = ClusterId(rows["cluster"]);
  meta_.next_seq = std::max<std::uint64_t>(1, number(rows["next_seq"]));
  meta_.dropped_events = number(rows["dropped_events"]);
  meta_.time_floor = from_unix_ms(static_cast<std::int64_t>(number(rows["time_floor_ms"])));
  time_floor_on_disk_ = meta_.time_floor;
  for (const auto& [name, value] : rows) {
    if (!name.starts_with(kSeenPrefix)) continue;
    const auto kind = k8s::kind_from_wire(name.substr(sizeof kSeenPrefix - 1));
    if (kind) meta_.seen[*kind] = ResourceVersion(number(value));
  }
  if (!meta_.id.empty()) meta_on_disk_ = std::move(rows);
  return {};
}

Result<void> SqliteStore::load_objects() {
  Keys bad;
  {
    Query query = db_.query("SELECT " SKERRY_OBJECT_COLUMNS " FROM objects");
    const Result<void> read = query.for_each([&] {
      const ObjectRow row = ObjectRow::read(query);
      if (!row.intact()) {
        bad.push_back({row.kind, row.ns, row.name});
      } else if (const auto key = row.key()) {
        mirror_.content[*key] = {Uid(row.uid), k8s::ContentVersion(digest_from_bytes(row.version)),
                                 !row.refused_code.empty(), row.finalised != 0};
      }
    });
    if (!read) return fail(read.error());
  }
  for (auto& key : bad) drop_bad("DELETE FROM objects WHERE kind=? AND ns=? AND name=?", key);
  return {};
}

Result<void> SqliteStore::load_terminating() {
  Keys bad;
  {
    Query query = db_.query("SELECT " SKERRY_OBJECT_COLUMNS " FROM terminating");
    const Result<void> read = query.for_each([&] {
      const ObjectRow row = ObjectRow::read(query);
      if (!row.intact()) {
        bad.push_back({row.uid});
      } else if (row.key()) {
        mirror_.terminating.insert(Uid(row.uid));
      }
    });
    if (!read) return fail(read.error());
  }
  for (auto& key : bad) drop_bad("DELETE FROM terminating WHERE uid=?", key);
  return {};
}

Result<void> SqliteStore::load_reports() {
  Keys bad;
  {
    Query query = db_.query("SELECT " SKERRY_REPORT_COLUMNS " FROM reports");
    const Result<void> read = query.for_each([&] {
      const ReportRow row = ReportRow::read(query);
      const lane::Report& report = row.report;
      if (!row.intact) {
        bad.push_back({std::to_string(report.seq.value())});
        return;
      }
      meta_.next_seq = std::max(meta_.next_seq, report.seq.value() + 1);
      if (!row.known) return;
      if (report.kind == lane::ReportKind::kEvent) {
        mirror_.events.insert(report.seq);
      } else {
        mirror_.waiting[{report.kind, report.key, report.uid}] = report.seq;
      }
    });
    if (!read) return fail(read.error());
  }
  for (auto& key : bad) drop_bad("DELETE FROM reports WHERE seq=CAST(? AS INTEGER)", key);
  return {};
}

Result<void> SqliteStore::load_reported() {
  Keys bad;
  {
    Query query = db_.query("SELECT report_kind,kind,ns,name,uid,hash,sum FROM reported");
    const Result<void> read = query.for_each([&] {
      const std::string report_kind = std::to_string(query.integer(0));
      const std::string wire = query.text(1), ns = query.text(2), name = query.text(3);
      const std::string uid = query.text(4), hash = query.text(5);
      const auto kind = k8s::kind_from_wire(wire);
      if (query.integer(6) != row_sum({report_kind, wire, ns, name, uid, hash})) {
        bad.push_back({report_kind, wire, ns, name, uid});
      } else if (kind) {
        mirror_.reported[{static_cast<lane::ReportKind>(query.integer(0)),
                          ObjectKey{*kind, ns, name}, Uid(uid)}] =
            k8s::StatusHash(digest_from_bytes(hash));
      }
    });
    if (!read) return fail(read.error());
  }
  for (auto& key : bad) {
    drop_bad(
        "DELETE FROM reported WHERE report_kind=CAST(? AS INTEGER) AND kind=? AND ns=?"
        " AND name=? AND uid=?",
        key);
  }
  return {};
}

/// They are read when they are needed; here only their checksums matter.
Result<void> SqliteStore::verify_pod_tables() {
  struct Table {
    const char* select;
    const char* drop;
  };
  for (const Table& table :
       {Table{"SELECT pod,json,sum FROM pod_states", "DELETE FROM pod_states WHERE pod=?"},
        Table{"SELECT pod,json,sum FROM seeds", "DELETE FROM seeds WHERE pod=?"}}) {
    Keys bad;
    {
      Query query = db_.query(table.select);
      const Result<void> read = query.for_each([&] {
        const std::string pod = query.text(0);
        if (query.integer(2) != row_sum({pod, query.text(1)})) bad.push_back({pod});
      });
      if (!read) return fail(read.error());
    }
    for (auto& key : bad) drop_bad(table.drop, key);
  }
  Keys bad;
  {
    Query query = db_.query("SELECT " SKERRY_TOKEN_COLUMNS " FROM tokens");
    const Result<void> read = query.for_each([&] {
      const TokenRow row = TokenRow::read(query);
      const lane::TokenSlot& slot = row.grant.slot;
      if (!row.intact) bad.push_back({slot.pod.str(), slot.volume, slot.path});
    });
    if (!read) return fail(read.error());
  }
  for (auto& key : bad) drop_bad("DELETE FROM tokens WHERE pod=? AND volume=? AND path=?", key);
  return {};
}

}  // namespace skerry::metamanager
