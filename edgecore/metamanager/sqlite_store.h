// The store on SQLite. Order of the files: store_open.cc opens, checks and puts a damaged file
// aside; store_load.cc reads everything once and verifies it; store_commit.cc changes;
// sqlite_store.cc answers. Internal to metamanager.
//
// Every row is verified when the store is opened and again at each read. What decisions need
// without a read (keys, versions, hashes, what waits) is mirrored in memory, changed while a
// transaction runs and put back when it fails.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/sqlite/database.h"
#include "edgecore/metamanager/row.h"
#include "edgecore/metamanager/store.h"

namespace skerry::metamanager {

using sqlite::Database;

inline constexpr int kSchemaVersion = 1;
inline constexpr auto kTimeFloorStep =
    std::chrono::hours(6);  // written alone only when it moved so far

/// What reports replace each other.
using ReportSlot = std::tuple<lane::ReportKind, ObjectKey, Uid>;

struct ContentRow {
  Uid uid;
  k8s::ContentVersion version;
  bool refused = false;
  bool finalised = false;
};

/// Single values that a restart must find again.
struct Meta {
  StoreId id;
  ClusterId cluster;
  std::uint64_t next_seq = 1;
  std::uint64_t dropped_events = 0;
  WallTime time_floor{};
  std::map<k8s::Kind, ResourceVersion> seen;

  std::map<std::string, std::string> rows() const;
};

struct Mirror {
  std::map<ObjectKey, ContentRow> content;
  std::map<ReportSlot, k8s::StatusHash> reported;  // hash put last
  std::map<ReportSlot, ReportSeq> waiting;         // state reports
  std::set<ReportSeq> events;
  std::set<Uid> terminating;
};

/// Steps back, newest first, for a transaction that failed.
class UndoLog {
 public:
  /// Remembers what `map` holds for `key` now.
  template <class Map>
  void keep(Map& map, const typename Map::key_type& key) {
    const auto old = map.find(key);
    if (old == map.end()) {
      steps_.push_back([&map, key] { map.erase(key); });
    } else if constexpr (requires { typename Map::mapped_type; }) {
      steps_.push_back([&map, key, value = old->second] { map.insert_or_assign(key, value); });
    } else {
      steps_.push_back([&map, key] { map.insert(key); });
    }
  }
  void roll_back() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
    steps_.clear();
  }
  void forget() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(seam::World world, Limits limits);

  /// Errors: kStorage; damaged() tells whether the file is to be put aside.
  Result<void> open(const Database::Options& options);
  bool damaged() const { return damaged_ || db_.damaged(); }

  Result<std::vector<lane::Report>> commit(const Batch& batch) override;

  Result<std::optional<StoredObject>> get(const ObjectKey& key) override;
  Result<std::vector<StoredObject>> list(k8s::Kind kind) override;
  Result<std::vector<TerminatingPod>> terminating() override;
  Result<std::optional<PodState>> pod_state(const Uid& pod) override;
  Result<std::optional<std::string>> status_seed(const Uid& pod) override;
  Result<std::optional<lane::TokenGrant>> token(const lane::TokenSlot& slot) override;
  Result<std::vector<lane::Report>> reports_after(ReportSeq after, std::size_t limit) override;

  const StoreId& id() const override { return meta_.id; }
  const ClusterId& cluster() const override { return meta_.cluster; }
  std::uint64_t written_bytes() override { return db_.written_bytes(); }
  WallTime time_floor() const override { return meta_.time_floor; }
  std::vector<lane::ContentEntry> content() const override;
  std::vector<lane::StatusEntry> status() const override;
  std::map<k8s::Kind, ResourceVersion> seen() const override { return meta_.seen; }
  std::uint64_t dropped_events() const override { return meta_.dropped_events; }
  std::size_t waiting_reports() const override {
    return mirror_.waiting.size() + mirror_.events.size();
  }
  std::uint64_t bad_rows() const override { return bad_rows_; }

 private:
  // store_open.cc
  Result<void> check();
  Result<void> create_schema();
  // store_load.cc
  Result<void> load();
  Result<void> load_meta();
  Result<void> load_objects();
  Result<void> load_terminating();
  Result<void> load_reports();
  Result<void> load_reported();
  Result<void> verify_pod_tables();
  void drop_bad(const char* sql, std::vector<std::string> key);

  // store_commit.cc
  Query writing(const char* sql);
  Result<void> apply(const Batch& batch, std::vector<lane::Report>& added);
  Result<void> apply_change(const ObjectChange& change);
  Result<void> upsert(const ObjectChange& change);
  Result<void> write_object(const StoredObject& stored, const ContentRow& row);
  Result<void> remove(const ObjectKey& key, const Uid& uid);
  Result<void> retire_pod(const ObjectKey& key, const ContentRow& row);
  Result<void> put_seed(const Uid& pod, const std::string& seed);
  Result<void> put_pod_state(const PodState& state);
  Result<void> put_token(const lane::TokenGrant& grant);
  Result<void> put_report(const NewReport& report, std::vector<lane::Report>& added);
  Result<void> insert_report(const lane::Report& report);
  Result<void> remember_status(const ReportSlot& slot, const k8s::StatusHash& hash);
  Result<void> forget_status(const ReportSlot& slot);
  Result<void> drop_report(ReportSeq seq);
  Result<void> drop_oldest_event();
  Result<void> finalise(const Uid& pod);
  Result<void> drop_pod_rows(const Uid& pod);
  Result<void> write_meta();
  void tell_unwritable(const Error& error);
  void note_seen(k8s::Kind kind, ResourceVersion version);
  Result<void> raise_time_floor(WallTime time);
  bool still_waiting(const lane::Report& report) const;

  seam::World world_;
  Limits limits_;
  Database db_;
  Meta meta_;
  std::map<std::string, std::string> meta_on_disk_;
  WallTime time_floor_on_disk_{};
  Mirror mirror_;
  UndoLog undo_;
  std::uint64_t bad_rows_ = 0;
  std::optional<TimePoint> told_unwritable_;
  bool damaged_ = false;
};

}  // namespace skerry::metamanager
