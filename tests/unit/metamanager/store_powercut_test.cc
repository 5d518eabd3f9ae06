// 5,000 power cuts in the middle of anything: what was acknowledged is there, what was not is there
// whole or not at all. The control shows that the disk of this test does lose what is not synced.
#include <cstdlib>
#include <random>

#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;
using k8s::Kind;

namespace {

using Content = std::map<ObjectKey, k8s::ContentVersion>;

Content content_of(const Store& store) {
  Content out;
  for (const lane::ContentEntry& entry : store.content()) out[entry.key] = entry.version;
  return out;
}

/// One node's life with power cuts. `acknowledged` is what commit() said is durable.
class Life {
 public:
  Life(std::uint64_t seed, Limits limits) : disk_(seed), random_(seed), limits_(limits) {}

  struct Sum {
    std::uint64_t cuts = 0, acknowledged = 0, lost = 0, half = 0, corrupt = 0, reused_numbers = 0;
  };
  const Sum& sum() const { return sum_; }

  void live_until_cut() {
    disk_.power_off_after(1 + random_() % 60);
    while (!disk_.is_off()) {
      auto opened = Store::open("store.db", world_.world(), limits_, disk_.name());
      if (!opened && !disk_.is_off()) FAIL(opened.error().what);
      if (!opened) break;
      judge(*opened);
      while (!disk_.is_off() && random_() % 10 != 0) commit_something(*opened->store);
    }  // closed in good order, or dead
    disk_.power_on();
    ++sum_.cuts;
  }

 private:
  void judge(Store::Opened& opened) {
    Store& store = *opened.store;
    if (!opened.damaged_file.empty() || store.bad_rows() > 0) ++sum_.corrupt;
    const Content found = content_of(store);
    if (found != acknowledged_ && found != attempted_) {
      ++(is_behind(found) ? sum_.lost : sum_.half);
    }
    const auto objects = store.list(Kind::kSecret);
    if (!objects) return;  // the power went
    for (const StoredObject& stored : *objects) {
      if (k8s::ContentVersion(digest(*stored.object->json)) != stored.object->version)
        ++sum_.corrupt;
    }
    acknowledged_ = attempted_ = found;
  }
  /// Some acknowledged object is not there as it was.
  bool is_behind(const Content& found) const {
    for (const auto& [key, version] : acknowledged_) {
      const auto now = found.find(key);
      const auto next = attempted_.find(key);
      const bool as_acknowledged = now != found.end() && now->second == version;
      const bool as_attempted = (now == found.end()) == (next == attempted_.end()) &&
                                (now == found.end() || now->second == next->second);
      if (!as_acknowledged && !as_attempted) return true;
    }
    return false;
  }
  void commit_something(Store& store) {
    Batch batch;
    attempted_ = acknowledged_;
    for (std::uint64_t i = 0; i <= random_() % 3; ++i) {
      const ObjectKey key = key_of(Kind::kSecret, "s" + std::to_string(random_() % 20));
      if (random_() % 6 == 0) {
        batch.changes.push_back(remove_of(key, "u"));
        attempted_.erase(key);
      } else {
        const std::string json = std::to_string(random_()) + std::string(random_() % 6000, 'x');
        const ObjectPtr object = object_of(key, "u", json);
        batch.changes.push_back(upsert_of(object));
        attempted_[key] = object->version;
      }
    }
    batch.reports.push_back(report_of(lane::ReportKind::kEvent, key_of(Kind::kPod, "p"), "u", "e"));
    const auto done = store.commit(batch);
    if (!done) {
      if (!disk_.is_off()) FAIL(done.error().what);
      return;
    }
    acknowledged_ = attempted_;
    ++sum_.acknowledged;
    if (done->front().seq <= last_seq_) ++sum_.reused_numbers;
    last_seq_ = done->front().seq;
    Batch sent;
    sent.reports_done = {last_seq_};
    (void)store.commit(sent);  // may meet the cut
  }

  test::PowerCutVfs disk_;
  std::mt19937_64 random_;
  TestWorld world_;
  Limits limits_;
  Content acknowledged_;
  Content attempted_;  // with the batch that was under way
  ReportSeq last_seq_;
  Sum sum_;
};

std::uint64_t cuts_wanted() {
  const char* text = std::getenv("SKERRY_POWER_CUTS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 5000;
}

}  // namespace

TEST_CASE("Store: power cuts lose no acknowledged row and corrupt none", "[metamanager]") {
  const std::uint64_t wanted = cuts_wanted();
  Life::Sum all;
  for (std::uint64_t seed = 1; all.cuts < wanted; ++seed) {
    Life life(seed, Limits{});
    for (int i = 0; i < 100 && all.cuts + life.sum().cuts < wanted; ++i) life.live_until_cut();
    const Life::Sum& sum = life.sum();
    INFO("seed " << seed);
    REQUIRE(sum.lost == 0);
    REQUIRE(sum.half == 0);
    REQUIRE(sum.corrupt == 0);
    REQUIRE(sum.reused_numbers == 0);
    all.cuts += sum.cuts;
    all.acknowledged += sum.acknowledged;
  }
  WARN(all.cuts << " cuts, " << all.acknowledged << " acknowledged batches, none lost");
  CHECK(all.acknowledged * 2 > all.cuts);  // there was something to lose, at any number of cuts
}

TEST_CASE("Store: the same cuts without a sync per commit lose rows", "[metamanager]") {
  Limits lazy;
  lazy.sync_each_commit = false;
  int losing = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Life life(seed, lazy);
    for (int i = 0; i < 10; ++i) life.live_until_cut();
    if (life.sum().lost > 0) ++losing;
  }
  WARN(losing << " of 40 lives lost acknowledged rows with synchronous=NORMAL");
  CHECK(losing > 30);
}
