// Damaged files, full disks, other processes: never a crash, never an altered object.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;
using k8s::Kind;
namespace fs = std::filesystem;

namespace {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (fs::temp_directory_path() / "skerry-store-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string body(int i) { return "{\"n\":" + std::to_string(i) + std::string(i * 40, ' ') + "}"; }

void fill(Store& store) {
  Batch batch;
  for (int i = 0; i < 40; ++i) {
    const auto key = key_of(i % 3 == 0 ? Kind::kPod : Kind::kSecret, "o" + std::to_string(i));
    batch.changes.push_back(upsert_of(object_of(key, "u" + std::to_string(i), body(i), 1)));
    batch.reports.push_back(
        report_of(lane::ReportKind::kPodStatus, key, "u" + std::to_string(i), body(i)));
    batch.pod_states.push_back({Uid("u" + std::to_string(i)), body(i)});
  }
  for (int i = 0; i < 9; i += 3) {
    batch.changes.push_back(
        remove_of(key_of(Kind::kPod, "o" + std::to_string(i)), "u" + std::to_string(i)));
  }
  REQUIRE(store.commit(batch));
}

/// Everything that the store gives is something that `fill` put there. Returns how many objects.
std::size_t check_unaltered(Store& store) {
  std::size_t count = 0;
  for (const Kind kind : {Kind::kPod, Kind::kSecret}) {
    const auto objects = store.list(kind);
    if (!objects) continue;  // damage that only this read met; the next start puts the file aside
    for (const StoredObject& stored : *objects) {
      const int i = std::stoi(stored.object->key.name.substr(1));
      REQUIRE(*stored.object->json == body(i));
      REQUIRE(stored.object->uid == Uid("u" + std::to_string(i)));
      ++count;
    }
  }
  if (const auto ending = store.terminating()) {
    for (const TerminatingPod& pod : *ending) REQUIRE(pod.pod->json->starts_with("{\"n\":"));
  }
  if (const auto reports = store.reports_after(ReportSeq(0), 1000)) {
    for (const lane::Report& report : *reports) {
      REQUIRE(report.body == body(std::stoi(report.key.name.substr(1))));
    }
  }
  for (int i = 0; i < 40; i += 7) {
    const auto state = store.pod_state(Uid("u" + std::to_string(i)));
    if (state && *state) REQUIRE((*state)->json == body(i));
  }
  return count;
}

}  // namespace

TEST_CASE("Store: the file and its log are private", "[metamanager]") {
  TempFolder folder;
  TestWorld world;
  ::umask(0);
  auto opened = Store::open(folder.file("s.db"), world.world(), {});
  ::umask(022);
  REQUIRE(opened);
  fill(*opened->store);
  for (const char* name : {"s.db", "s.db-wal"}) {
    struct stat found {};
    REQUIRE(::stat(folder.file(name).c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
  }
}

TEST_CASE("Store: a second process is told who holds the file", "[metamanager]") {
  TempFolder folder;
  TestWorld world;
  auto first = Store::open(folder.file("s.db"), world.world(), {});
  REQUIRE(first);
  const auto second = Store::open(folder.file("s.db"), world.world(), {});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::kStorage);
  CHECK(second.error().what.find("in use") != std::string::npos);
  fill(*first->store);
}

TEST_CASE("Store: a missing folder is an error that says so", "[metamanager]") {
  TestWorld world;
  const auto opened = Store::open("/nonexistent/folder/s.db", world.world(), {});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kStorage);
}

TEST_CASE("Store: a damaged file is kept aside and a new store begun", "[metamanager]") {
  TempFolder folder;
  TestWorld world;
  const std::string path = folder.file("s.db");
  StoreId last;
  for (int round = 0; round < 5; ++round) {
    {
      auto opened = Store::open(path, world.world(), {});
      REQUIRE(opened);
      fill(*opened->store);
      last = opened->store->id();
    }
    const auto bytes = fs::file_size(path);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(bytes - 4096, '\x5a');
    file.close();
    world.clock.time += std::chrono::hours(1);
    auto opened = Store::open(path, world.world(), {});
    REQUIRE(opened);
    CHECK(fs::file_size(opened->damaged_file) == bytes);
    CHECK(opened->damaged_file.starts_with(path + ".damaged-"));
    CHECK(opened->store->id() != last);
    CHECK(opened->store->content().empty());
  }
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().string().find(".damaged-") != std::string::npos) ++kept;
  }
  CHECK(kept == 3);
}

TEST_CASE("Store: a file that is no database is put aside", "[metamanager]") {
  TempFolder folder;
  TestWorld world;
  std::ofstream(folder.file("s.db")) << std::string(10000, 'x');
  auto opened = Store::open(folder.file("s.db"), world.world(), {});
  REQUIRE(opened);
  CHECK_FALSE(opened->damaged_file.empty());
  fill(*opened->store);
}

TEST_CASE("Store: flipped bits, zeroed and cut pages never give an altered object",
          "[metamanager]") {
  StoreOnDisk s;
  fill(*s.store);
  s.store.reset();
  const std::string whole = s.disk.bytes("store.db");
  std::mt19937 random(7);
  int put_aside = 0, rows_dropped = 0, untouched = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string& bytes = s.disk.bytes("store.db");
    bytes = whole;
    if (i % 10 < 8) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    } else if (i % 10 == 8) {
      std::fill_n(bytes.begin() + static_cast<long>(random() % (bytes.size() / 512) * 512), 512,
                  '\0');
    } else {
      bytes.resize(random() % bytes.size());
    }
    s.open();
    const std::size_t objects = check_unaltered(*s.store);
    const std::uint64_t bad = s.store->bad_rows();
    if (!s.damaged_file.empty()) {
      ++put_aside;
      CHECK(objects == 0);
    } else if (bad > 0) {
      ++rows_dropped;
    } else {
      ++untouched;
      CHECK((objects == 37 || bytes.empty()));
    }
    s.commit(changes({upsert_of(object_of(key_of(Kind::kPod, "o1"), "u1", body(1)))}));  // goes on
    s.store.reset();
  }
  WARN("put aside " << put_aside << ", rows dropped " << rows_dropped << ", no effect "
                    << untouched);
  CHECK(put_aside > 100);
  CHECK(rows_dropped > 100);
}

TEST_CASE("Store: a damaged log loses its end and alters nothing", "[metamanager]") {
  std::mt19937 random(8);
  for (int i = 0; i < 100; ++i) {
    StoreOnDisk s;
    fill(*s.store);
    s.disk.power_off();
    s.store.reset();
    s.disk.power_on();
    std::string& log = s.disk.bytes("store.db-wal");
    REQUIRE(log.size() > 4096);
    if (i % 2 == 0) {
      log[random() % log.size()] ^= static_cast<char>(1 << random() % 8);
    } else {
      log.resize(random() % log.size());
    }
    s.open();
    check_unaltered(*s.store);
    fill(*s.store);
    CHECK(check_unaltered(*s.store) == 37);
  }
}

TEST_CASE("Store: a bad row is dropped from the content, so that it is sent again",
          "[metamanager]") {
  StoreOnDisk s;
  const std::string json = R"({"marker":"needle"})";
  s.commit(changes({upsert_of(object_of(key_of(Kind::kPod, "web"), "u1", json)),
                    upsert_of(object_of(key_of(Kind::kPod, "api"), "u2", "{}"))}));
  s.store.reset();
  std::string& bytes = s.disk.bytes("store.db");
  const auto at = bytes.find("needle");
  REQUIRE(at != std::string::npos);
  bytes[at] = 'N';
  s.open();
  CHECK(s.damaged_file.empty());
  CHECK(s.store->bad_rows() == 1);
  REQUIRE(s.store->content().size() == 1);
  CHECK(s.store->content()[0].key.name == "api");
  s.commit(changes({upsert_of(object_of(key_of(Kind::kPod, "web"), "u1", json))}));
  s.reopen();
  CHECK(s.store->bad_rows() == 0);
  CHECK(s.store->content().size() == 2);
}

TEST_CASE("Store: with its identity damaged a store gets another and keeps its objects",
          "[metamanager]") {
  StoreOnDisk s;
  fill(*s.store);
  const StoreId id = s.store->id();
  s.store.reset();
  std::string& bytes = s.disk.bytes("store.db");
  const auto at = bytes.find(id.str());
  REQUIRE(at != std::string::npos);
  bytes[at] ^= 1;
  s.open();
  CHECK(s.damaged_file.empty());
  CHECK(s.store->id() != id);
  CHECK(check_unaltered(*s.store) == 37);
  const StoreId now = s.store->id();
  const auto added =
      s.commit(reports({report_of(lane::ReportKind::kEvent, key_of(Kind::kPod, "web"), "u", "e")}));
  CHECK(added[0].seq == ReportSeq(41));
  s.reopen();
  CHECK(s.store->id() == now);
}

TEST_CASE("Store: a full disk refuses whole batches and goes on when there is room",
          "[metamanager]") {
  StoreOnDisk s;
  fill(*s.store);
  const auto content = s.store->content().size();
  const auto waiting = s.store->waiting_reports();
  const auto status = s.store->status().size();
  s.disk.set_capacity(s.disk.used() + 20000);
  std::uint64_t stored = 0, refused = 0;
  for (int i = 100; i < 160; ++i) {
    Batch batch =
        changes({upsert_of(object_of(key_of(Kind::kPod, "o" + std::to_string(i)), "x", body(i))),
                 remove_of(key_of(Kind::kSecret, "o1"), "u1"),
                 upsert_of(object_of(key_of(Kind::kSecret, "o1"), "u1", body(1)))});
    batch.reports = {report_of(lane::ReportKind::kPodStatus,
                               key_of(Kind::kPod, "o" + std::to_string(i)), "x", body(i))};
    const auto done = s.store->commit(batch);
    done ? ++stored : ++refused;
    if (!done) {
      CHECK(done.error().code == Code::kStorage);
      CHECK(done.error().what.find("disk full") != std::string::npos);
    }
  }
  CHECK(refused > 0);
  CHECK(s.store->content().size() == content + stored);
  CHECK(s.store->waiting_reports() == waiting + stored);
  CHECK(s.store->status().size() == status + stored);
  CHECK(check_unaltered(*s.store) == content + stored);

  s.disk.set_capacity(~std::uint64_t{0});
  const auto last = s.commit(
      reports({report_of(lane::ReportKind::kEvent, key_of(Kind::kPod, "web"), "u", body(0))}));
  CHECK(last[0].seq.value() > waiting + stored);
  Batch done;
  done.reports_done = {last[0].seq};
  s.commit(done);
  s.reopen();
  CHECK(s.damaged_file.empty());
  CHECK(check_unaltered(*s.store) == content + stored);
}
