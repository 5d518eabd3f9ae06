// Values and a disk for the tests of the store.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "edgecore/metamanager/store.h"
#include "tests/support/catch.h"
#include "tests/support/powercut_vfs.h"

namespace skerry::metamanager {

class StillClock final : public seam::Clock {
 public:
  TimePoint now() override { return {}; }
  WallTime wall() override { return time; }
  WallTime time{std::chrono::hours(24 * 365 * 54)};
};

class CountingRandom final : public seam::Random {
 public:
  std::uint64_t next() override { return ++count_; }
  std::string bytes(std::size_t count) override {
    std::string out = std::to_string(++count_);
    out.resize(count, '.');
    return out;
  }

 private:
  std::uint64_t count_ = 0;
};

struct TestWorld {
  StillClock clock;
  CountingRandom random;
  seam::World world() { return {clock, random}; }
};

inline ObjectKey key_of(k8s::Kind kind, const std::string& name) {
  return {kind, kind == k8s::Kind::kNode ? "" : "default", name};
}

inline ObjectPtr object_of(const ObjectKey& key,
                           const std::string& uid,
                           const std::string& json,
                           std::uint64_t resource_version = 0) {
  return k8s::received_object(key, Uid(uid), k8s::ContentVersion(digest(json)),
                              ResourceVersion(resource_version), json);
}

inline ObjectChange upsert_of(ObjectPtr object, std::optional<std::string> seed = std::nullopt) {
  ObjectChange change;
  change.upsert.object = std::move(object);
  change.status_seed = std::move(seed);
  return change;
}

inline ObjectChange remove_of(const ObjectKey& key, const std::string& uid) {
  ObjectChange change;
  change.verb = ObjectChange::Verb::kRemove;
  change.key = key;
  change.uid = Uid(uid);
  return change;
}

inline Batch changes(std::vector<ObjectChange> list) {
  Batch batch;
  batch.changes = std::move(list);
  return batch;
}

inline NewReport report_of(lane::ReportKind kind,
                           const ObjectKey& key,
                           const std::string& uid,
                           const std::string& body) {
  NewReport report;
  report.kind = kind;
  report.key = key;
  report.uid = Uid(uid);
  report.body = body;
  const bool status = kind == lane::ReportKind::kPodStatus || kind == lane::ReportKind::kNodeStatus;
  if (status) report.status_hash = k8s::StatusHash(digest(body));
  return report;
}

inline Batch reports(std::vector<NewReport> list) {
  Batch batch;
  batch.reports = std::move(list);
  return batch;
}

/// A store on a disk in memory that can be closed and opened again.
struct StoreOnDisk {
  explicit StoreOnDisk(Limits l = {}) : limits(l) { open(); }

  void open() {
    auto opened = Store::open("store.db", world.world(), limits, disk.name());
    if (!opened) FAIL(opened.error().what);
    damaged_file = opened->damaged_file;
    store = std::move(opened->store);
  }
  void reopen() {
    store.reset();
    open();
  }
  std::vector<lane::Report> commit(const Batch& batch) {
    auto added = store->commit(batch);
    if (!added) FAIL(added.error().what);
    return *added;
  }
  /// What the batch wrote to the disk.
  std::uint64_t writes_of(const Batch& batch) {
    const std::uint64_t before = disk.writes();
    commit(batch);
    return disk.writes() - before;
  }
  std::vector<lane::Report> waiting() { return store->reports_after(ReportSeq(0), 10000).value(); }

  test::PowerCutVfs disk{1};
  TestWorld world;
  Limits limits;
  std::string damaged_file;
  std::unique_ptr<Store> store;
};

}  // namespace skerry::metamanager
