#include "edgecore/edged/atomic_writer.h"

#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "tests/support/catch.h"
#include "tests/unit/edged/temp_dir.h"

using namespace skerry;
using namespace skerry::edged;
namespace fs = std::filesystem;

namespace {

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

int mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
}

std::string data_of(const TempDir& dir) { return fs::read_symlink(dir / "..data").string(); }

bool write(const TempDir& dir, const Payload& payload) {
  return write_atomically(dir.path(), payload, {}).value();
}

}  // namespace

TEST_CASE("AtomicWriter: files show through links into ..data", "[edged]") {
  TempDir dir;
  CHECK(write(dir, {{"one", {"1", 0644, {}}}, {"sub/deep/two", {"2", 0400, {}}}}));
  CHECK(text_at(dir / "one") == "1");
  CHECK(text_at(dir / "sub/deep/two") == "2");
  CHECK(fs::read_symlink(dir / "one") == "..data/one");
  CHECK(fs::read_symlink(dir / "sub") == "..data/sub");
  CHECK(mode_of(dir / "one") == 0644);
  CHECK(mode_of(dir / "sub/deep/two") == 0400);
  CHECK(mode_of(dir / data_of(dir)) == 0755);
}

TEST_CASE("AtomicWriter: nothing is written when nothing changed", "[edged]") {
  TempDir dir;
  const Payload payload = {{"a", {"x", 0644, {}}}, {"s/b", {std::string("\0y", 2), 0644, {}}}};
  CHECK(write(dir, payload));
  const auto before = fs::last_write_time(dir.path());
  const std::string data = data_of(dir);
  CHECK_FALSE(write(dir, payload));
  CHECK(data_of(dir) == data);
  CHECK(fs::last_write_time(dir.path()) == before);
}

TEST_CASE("AtomicWriter: an update swaps all files at once and clears the old ones", "[edged]") {
  TempDir dir;
  CHECK(write(dir, {{"a", {"1", 0644, {}}}, {"b", {"1", 0644, {}}}, {"s/x", {"1", 0644, {}}}}));
  const std::string old_data = data_of(dir);
  CHECK(write(dir, {{"a", {"2", 0644, {}}}, {"c", {"2", 0644, {}}}, {"s/y", {"2", 0644, {}}}}));
  CHECK(data_of(dir) != old_data);
  CHECK(names_in(dir.path()) == std::set<std::string>{"..data", data_of(dir), "a", "c", "s"});
  CHECK(text_at(dir / "a") == "2");
  CHECK_FALSE(fs::exists(dir / "s/x"));
  CHECK(write(dir, {}));
  CHECK(names_in(dir.path()) == std::set<std::string>{"..data", data_of(dir)});
  CHECK_FALSE(write(dir, {}));
}

TEST_CASE("AtomicWriter: a reader that holds the old data keeps it whole", "[edged]") {
  TempDir dir;
  CHECK(write(dir, {{"a", {"old", 0644, {}}}}));
  std::ifstream reader(dir / "a");
  CHECK(write(dir, {{"a", {"new", 0644, {}}}}));
  std::string text;
  reader >> text;
  CHECK(text == "old");
}

TEST_CASE("AtomicWriter: what a killed write left is cleared, what others put there stays",
          "[edged]") {
  TempDir dir;
  CHECK(write(dir, {{"a", {"1", 0644, {}}}}));
  // Killed after the new directory, after the new link, and before a visible name.
  fs::create_directories(dir / "..v2/half");
  fs::create_directory_symlink("..v2", dir / "..data_tmp");
  fs::remove(dir / "a");
  fs::create_directories(dir / "mounted-here");
  CHECK(write(dir, {{"a", {"1", 0644, {}}}}));
  CHECK(names_in(dir.path()) == std::set<std::string>{"..data", "..v1", "a", "mounted-here"});
  CHECK(write(dir, {{"a", {"2", 0644, {}}}}));
  CHECK(text_at(dir / "a") == "2");
  // A ..data whose directory is gone (a tmpfs after a reboot keeps neither, a disk may).
  fs::remove_all(dir / data_of(dir));
  CHECK(write(dir, {{"a", {"2", 0644, {}}}}));
  CHECK(text_at(dir / "a") == "2");
}

TEST_CASE("AtomicWriter: paths that could leave the directory are refused", "[edged]") {
  TempDir dir;
  const std::string long_name(256, 'x');
  for (const std::string& path :
       {std::string(""), std::string("/etc/passwd"), std::string("../x"), std::string("a/../../x"),
        std::string("..x"), std::string("."), long_name, std::string("a\0b", 3)}) {
    INFO(path);
    const auto written = write_atomically(dir.path(), {{path, {"x", 0644, {}}}}, {});
    REQUIRE_FALSE(written);
    CHECK(written.error().code == Code::kMalformed);
  }
  CHECK(names_in(dir.path()).empty());
  CHECK(write(dir, {{"a//b/./c", {"x", 0644, {}}}}));
  CHECK(text_at(dir / "a/b/c") == "x");
}

TEST_CASE("AtomicWriter: fsGroup owns and may read, a token has its own owner", "[edged]") {
  if (::geteuid() != 0) FAIL("needs root, as CI has it");
  TempDir dir;
  REQUIRE(
      write_atomically(dir.path(), {{"t", {"x", 0600, 1000}}, {"d/f", {"y", 0400, {}}}}, {2000}));
  struct stat status {};
  REQUIRE(::stat((dir / "t").c_str(), &status) == 0);
  CHECK(status.st_uid == 1000);
  CHECK(status.st_gid == 2000);
  CHECK(mode_of(dir / "t") == 0640);
  CHECK(mode_of(dir / "d/f") == 0440);
  REQUIRE(::stat((dir / "d").c_str(), &status) == 0);
  CHECK(status.st_gid == 2000);
  CHECK((status.st_mode & 07777) == 02755);
}
