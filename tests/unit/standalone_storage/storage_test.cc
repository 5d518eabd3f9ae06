#include "cloudcore/standalone/storage/storage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cloudcore/standalone/storage/replaced_file.h"
#include "tests/support/catch.h"
#include "tests/support/run_task.h"

namespace skerry::standalone {
namespace {

namespace fs = std::filesystem;

/// A storage in a folder of its own.
class Scene {
 public:
  Scene() {
    std::string name = (fs::temp_directory_path() / "skerry-storage-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    open();
  }
  ~Scene() {
    storage.reset();
    fs::remove_all(folder);
  }

  void open() {
    storage.reset();
    SqliteOptions options;
    options.file = file();
    auto opened = open_sqlite_storage(options, loop.get_executor());
    if (!opened) FAIL(opened.error().what);
    storage = std::move(*opened);
  }
  std::string file() const { return folder + "/objects.db"; }

  Result<Revision> write(std::string key, std::optional<std::string> value, Revision expected) {
    std::vector<StorageWrite> writes(1);
    writes[0] = {std::move(key), std::move(value), expected};
    const auto taken = test::run_task(loop, storage->append(std::move(writes)));
    if (!taken) return fail(taken.error());
    return taken->at(0);
  }
  std::string list(std::string prefix,
                   Revision at = 0,
                   std::string after = {},
                   std::size_t limit = 0) {
    const auto found = test::run_task(loop, storage->list(prefix, at, after, limit));
    if (!found) return std::string(to_string(found.error().code));
    std::string out;
    for (const StoredValue& each : *found) {
      out += each.key + "=" + each.value + "@" + std::to_string(each.revision) + " ";
    }
    return out;
  }

  boost::asio::io_context loop;
  std::string folder;
  std::unique_ptr<Storage> storage;
};

TEST_CASE("Storage: a write is taken when the key is at the expected revision", "[standalone]") {
  Scene scene;
  CHECK(scene.write("pods/a/x", "1", 0).value() == 1);
  CHECK(scene.write("pods/a/x", "2", 0).error().code == Code::kConflict);
  CHECK(scene.write("pods/a/x", "2", 1).value() == 2);
  CHECK(scene.write("pods/a/x", "3", 1).error().code == Code::kConflict);
  CHECK(scene.write("pods/a/x", std::nullopt, 2).value() == 3);
  CHECK(scene.write("pods/a/x", std::nullopt, 3).error().code == Code::kConflict);
  CHECK(scene.write("pods/a/x", "4", 0).value() == 4);
  CHECK(scene.list("pods/") == "pods/a/x=4@4 ");
}

TEST_CASE("Storage: of one append each write is judged by itself", "[standalone]") {
  Scene scene;
  std::vector<StorageWrite> writes(3);
  writes[0] = {"a/b/c", "1", 0};
  writes[1] = {"a/b/c", "2", 0};
  writes[2] = {"a/b/d", "3", 0};
  const auto taken = test::run_task(scene.loop, scene.storage->append(std::move(writes)));
  REQUIRE(taken.has_value());
  CHECK(taken->at(0).value() == 1);
  CHECK(taken->at(1).error().code == Code::kConflict);
  CHECK(taken->at(2).value() == 2);
}

TEST_CASE("Storage: lists by prefix, page and past revision", "[standalone]") {
  Scene scene;
  scene.write("pods/a/x", "1", 0).value();
  scene.write("pods/b/y", "2", 0).value();
  scene.write("podsets/a/z", "3", 0).value();
  scene.write("pods/a/x", "4", 1).value();
  scene.write("pods/b/y", std::nullopt, 2).value();
  CHECK(scene.list("pods/") == "pods/a/x=4@4 ");
  CHECK(scene.list("pods/", 3) == "pods/a/x=1@1 pods/b/y=2@2 ");
  CHECK(scene.list("", 3, "", 1) == "pods/a/x=1@1 ");
  CHECK(scene.list("", 3, "pods/a/x", 2) == "pods/b/y=2@2 podsets/a/z=3@3 ");
}

TEST_CASE("Storage: tells what changed, until it was compacted", "[standalone]") {
  Scene scene;
  scene.write("a/b/c", "1", 0).value();
  scene.write("a/b/c", "2", 1).value();
  scene.write("a/b/c", std::nullopt, 2).value();
  const auto changes = test::run_task(scene.loop, scene.storage->changes(1, 10));
  REQUIRE(changes.has_value());
  REQUIRE(changes->size() == 2);
  CHECK(changes->at(0).value == "2");
  CHECK_FALSE(changes->at(1).value.has_value());
  CHECK(changes->at(1).revision == 3);

  REQUIRE(test::run_task(scene.loop, scene.storage->compact(3)).has_value());
  CHECK(scene.storage->compacted() == 3);
  const auto old = test::run_task(scene.loop, scene.storage->changes(1, 10));
  REQUIRE_FALSE(old.has_value());
  CHECK(old.error().code == Code::kGone);
  CHECK(scene.list("", 2) == "gone");
}

TEST_CASE("Storage: the state at the compacted revision stays, with what is replaced since",
          "[standalone]") {
  Scene scene;
  scene.write("a/b/c", "1", 0).value();
  scene.write("a/b/d", "2", 0).value();
  scene.write("a/b/c", "3", 1).value();
  scene.write("a/b/d", std::nullopt, 2).value();
  scene.write("a/b/c", "5", 3).value();
  REQUIRE(test::run_task(scene.loop, scene.storage->compact(3)).has_value());
  CHECK(scene.list("", 3) == "a/b/c=3@3 a/b/d=2@2 ");
  const auto changes = test::run_task(scene.loop, scene.storage->changes(3, 10));
  REQUIRE(changes.has_value());
  CHECK(changes->size() == 2);
  REQUIRE(test::run_task(scene.loop, scene.storage->compact(4)).has_value());
  CHECK(scene.list("", 4) == "a/b/c=3@3 ");
  CHECK(scene.list("") == "a/b/c=5@5 ");
}

TEST_CASE("Storage: what was written is there after it was opened again, and numbers go on",
          "[standalone]") {
  Scene scene;
  scene.write("a/b/c", "1", 0).value();
  scene.write("a/b/d", "2", 0).value();
  scene.write("a/b/d", std::nullopt, 2).value();
  REQUIRE(test::run_task(scene.loop, scene.storage->compact(4)).has_value());
  scene.open();
  CHECK(scene.storage->current() == 3);
  CHECK(scene.storage->compacted() == 3);
  CHECK(scene.list("") == "a/b/c=1@1 ");
  CHECK(scene.write("a/b/e", "4", 0).value() == 4);
  struct stat status{};
  REQUIRE(::stat(scene.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("Storage: a backup can be put back, and revisions do not go back with it",
          "[standalone]") {
  Scene scene;
  scene.write("a/b/c", "1", 0).value();
  const std::string backup = scene.folder + "/backup.db";
  REQUIRE(test::run_task(scene.loop, scene.storage->backup(backup)).has_value());
  const auto twice = test::run_task(scene.loop, scene.storage->backup(backup));
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().code == Code::kAlreadyExists);
  for (Revision at = 1; at < 10; ++at) scene.write("a/b/c", "later", at).value();

  const Result<void> in_use = restore_sqlite_storage(backup, scene.file());
  REQUIRE_FALSE(in_use.has_value());
  CHECK(in_use.error().code == Code::kConflict);
  scene.storage.reset();
  const Result<void> restored = restore_sqlite_storage(backup, scene.file());
  INFO((restored ? "" : restored.error().what));
  REQUIRE(restored.has_value());
  CHECK(fs::exists(replaced_file(scene.file())));
  scene.open();
  CHECK(scene.list("") == "a/b/c=1@1 ");
  // A watcher that saw what the backup does not have is told to read again.
  CHECK(scene.storage->compacted() > 10);
  CHECK(scene.write("a/b/d", "new", 0).value() > 10);
}

TEST_CASE("Storage: a damaged file is refused with what to do, and not replaced", "[standalone]") {
  Scene scene;
  scene.write("a/b/c", std::string(20'000, 'x'), 0).value();
  scene.storage.reset();
  {
    std::fstream file(scene.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << std::string(5000, '\x55');
  }
  SqliteOptions options;
  options.file = scene.file();
  const auto opened = open_sqlite_storage(options, scene.loop.get_executor());
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == Code::kStorage);
  CHECK(opened.error().what.find("cloudcore restore") != std::string::npos);
  CHECK(fs::file_size(scene.file()) > 5000);
}

}  // namespace
}  // namespace skerry::standalone
