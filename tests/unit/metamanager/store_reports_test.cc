#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;
using k8s::Kind;
using lane::ReportKind;

namespace {
const ObjectKey kWeb = key_of(Kind::kPod, "web");
const ObjectKey kNode = key_of(Kind::kNode, "gateway");

NewReport status(const std::string& uid, const std::string& body) {
  return report_of(ReportKind::kPodStatus, kWeb, uid, body);
}
NewReport event(const std::string& body) { return report_of(ReportKind::kEvent, kWeb, "u1", body); }
Batch acknowledged(std::vector<std::uint64_t> seqs) {
  Batch batch;
  for (const std::uint64_t seq : seqs) batch.reports_done.push_back(ReportSeq(seq));
  return batch;
}
std::vector<std::uint64_t> seqs(const std::vector<lane::Report>& reports) {
  std::vector<std::uint64_t> out;
  for (const lane::Report& report : reports) out.push_back(report.seq.value());
  return out;
}
using Seqs = std::vector<std::uint64_t>;
}  // namespace

TEST_CASE("Outbox: reports are numbered and wait until they are acknowledged", "[metamanager]") {
  StoreOnDisk s;
  const auto added = s.commit(reports({status("u1", "a"), event("e")}));
  CHECK(seqs(added) == Seqs{1, 2});
  CHECK(added[0].revision > 0);
  s.reopen();
  const auto waiting = s.waiting();
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0].body == "a");
  CHECK(waiting[0].key == kWeb);
  CHECK(waiting[0].uid == Uid("u1"));
  CHECK(waiting[0].revision == added[0].revision);
  CHECK(waiting[1].kind == ReportKind::kEvent);
  CHECK(seqs(s.store->reports_after(ReportSeq(1), 10).value()) == Seqs{2});
  CHECK(seqs(s.store->reports_after(ReportSeq(0), 1).value()) == Seqs{1});
  s.commit(acknowledged({1, 2, 77}));
  CHECK(s.store->waiting_reports() == 0);
  CHECK(s.writes_of(acknowledged({1, 2})) == 0);
}

TEST_CASE("Outbox: a number is never used twice", "[metamanager]") {
  StoreOnDisk s;
  s.commit(reports({event("e"), event("f")}));
  s.commit(acknowledged({1, 2}));
  s.reopen();
  CHECK(seqs(s.commit(reports({event("g")}))) == Seqs{3});
}

TEST_CASE("Outbox: the newest state replaces the waiting one", "[metamanager]") {
  StoreOnDisk s;
  const auto first = s.commit(reports({status("u1", "a")}));
  const auto second = s.commit(reports({status("u1", "b")}));
  CHECK(second[0].revision > first[0].revision);
  CHECK(seqs(s.waiting()) == Seqs{2});
  s.commit(acknowledged({1}));  // of the replaced one
  CHECK(seqs(s.waiting()) == Seqs{2});
  s.commit(reports({status("u2", "a")}));  // another uid is another slot
  CHECK(seqs(s.waiting()) == Seqs{2, 3});
}

TEST_CASE("Outbox: one batch with two states of a slot adds the last", "[metamanager]") {
  StoreOnDisk s;
  const auto added = s.commit(reports({status("u1", "a"), status("u1", "b")}));
  REQUIRE(added.size() == 1);
  CHECK(added[0].body == "b");
}

TEST_CASE("Outbox: an unchanged status is not stored unless forced", "[metamanager]") {
  StoreOnDisk s;
  s.commit(reports({status("u1", "a")}));
  CHECK(s.writes_of(reports({status("u1", "a")})) == 0);
  s.commit(acknowledged({1}));
  CHECK(s.writes_of(reports({status("u1", "a")})) == 0);
  s.reopen();
  CHECK(s.commit(reports({status("u1", "a")})).empty());
  NewReport again = status("u1", "a");
  again.force = true;
  CHECK(seqs(s.commit(reports({again}))) == Seqs{2});
  s.commit(reports({status("u1", "b")}));
  CHECK(seqs(s.commit(reports({status("u1", "a")}))) == Seqs{4});  // back, and a newer one waited
}

TEST_CASE("Outbox: a status without a hash is always stored", "[metamanager]") {
  StoreOnDisk s;
  NewReport bare = status("u1", "a");
  bare.status_hash = {};
  s.commit(reports({bare}));
  CHECK(s.commit(reports({bare})).size() == 1);
}

TEST_CASE("Outbox: status() tells what was reported of what is desired", "[metamanager]") {
  StoreOnDisk s;
  s.commit(reports({status("u1", "a"), report_of(ReportKind::kNodeStatus, kNode, "n1", "ready")}));
  CHECK(s.store->status().empty());
  s.commit(
      changes({upsert_of(object_of(kWeb, "u1", "{}")), upsert_of(object_of(kNode, "n1", "{}"))}));
  for (int i = 0; i < 2; ++i) {
    const auto entries = s.store->status();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].key == kNode);
    CHECK(entries[0].hash == k8s::StatusHash(digest("ready")));
    CHECK(entries[1].hash == k8s::StatusHash(digest("a")));
    s.reopen();
  }
  s.commit(changes({upsert_of(object_of(kWeb, "u2", "{}")), remove_of(kNode, "n1")}));
  CHECK(s.store->status().empty());
}

TEST_CASE("Outbox: finalised ends the status reports of that uid alone", "[metamanager]") {
  StoreOnDisk s;
  s.commit(changes({upsert_of(object_of(kWeb, "u1", "{}"))}));
  s.commit(reports({status("u1", "a"), status("u2", "b"), event("e")}));
  s.commit(changes({remove_of(kWeb, "u1")}));
  Batch last = reports({report_of(ReportKind::kFinalised, kWeb, "u1", "")});
  last.finalised = {Uid("u1")};
  CHECK(seqs(s.commit(last)) == Seqs{4});
  for (int i = 0; i < 2; ++i) {
    CHECK(seqs(s.waiting()) == Seqs{2, 3, 4});
    s.reopen();
  }
  CHECK(s.writes_of(last) == 0);  // it waits already
}

TEST_CASE("Outbox: events are a bounded log that counts what it drops", "[metamanager]") {
  Limits limits;
  limits.event_reports_max = 3;
  StoreOnDisk s(limits);
  s.commit(
      reports({event("1"), event("2"), event("3"), event("4"), event("5"), status("u1", "a")}));
  for (int i = 0; i < 2; ++i) {
    CHECK(seqs(s.waiting()) == Seqs{3, 4, 5, 6});
    CHECK(s.store->dropped_events() == 2);
    CHECK(s.store->waiting_reports() == 4);
    s.reopen();
  }
  CHECK(s.commit(reports({event("6"), event("7"), event("8"), event("9")})).size() == 3);
}
