#include "edgecore/edged/volume_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/unit/edged/temp_dir.h"

using namespace skerry;
using namespace skerry::edged;
namespace fs = std::filesystem;

namespace {

void need_root() {
  if (::geteuid() != 0) FAIL("needs root to mount, as CI has it");
}

std::string path_of(const Descriptor& fd) {
  return fs::read_symlink("/proc/self/fd/" + std::to_string(fd.get())).string();
}

}  // namespace

TEST_CASE("VolumeMounts: mountinfo gives what is below, deepest first", "[edged]") {
  const std::string info =
      "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "30 22 0:30 / /data/pods/u1 rw - tmpfs tmpfs rw\n"
      "31 22 0:31 / /data/pods/u1/volumes/a\\040b rw,relatime shared:7 - tmpfs tmpfs rw\n"
      "32 22 0:32 / /data/pods/u11/volumes/x rw - tmpfs tmpfs rw\n"
      "33 22 0:33 / /data/pods/u1/volumes/c rw - tmpfs tmpfs rw\n"
      "broken line\n";
  CHECK(mount_points_below(info, "/data/pods/u1") ==
        std::vector<std::string>{"/data/pods/u1/volumes/c", "/data/pods/u1/volumes/a b",
                                 "/data/pods/u1"});
  CHECK(mount_points_below(info, "/nowhere").empty());
}

TEST_CASE("VolumeMounts: a path below a volume cannot leave it", "[edged]") {
  TempDir dir;
  fs::create_directories(dir / "volume/inner");
  dir.write("volume/file", "x");
  dir.write("outside/secret", "no");
  fs::create_directory_symlink("../outside", dir / "volume/up");
  fs::create_directory_symlink(dir / "outside", dir / "volume/absolute");
  fs::create_directory_symlink("inner", dir / "volume/fine");
  fs::create_directory_symlink("/proc/self/root", dir / "volume/magic");
  fs::create_directory_symlink("../../outside", dir / "volume/inner/up");

  for (const char* path : {"up", "up/secret", "absolute/secret", "magic/etc", "inner/up/secret",
                           "../outside", "inner/../../outside", "fine/../../outside"}) {
    INFO(path);
    const auto opened = open_beneath(dir / "volume", path, 0755);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Code::kForbidden);
  }
  for (const char* path : {"", "/etc", "."}) {
    INFO(path);
    CHECK(open_beneath(dir / "volume", path, 0755).error().code == Code::kMalformed);
  }
  CHECK(path_of(open_beneath(dir / "volume", "file", 0755).value()) == dir / "volume/file");
  CHECK(path_of(open_beneath(dir / "volume", "fine", 0755).value()) == dir / "volume/inner");
  CHECK(path_of(open_beneath(dir / "volume", "fine//./new/deep", 0751).value()) ==
        dir / "volume/inner/new/deep");
  struct stat status {};
  REQUIRE(::stat((dir / "volume/inner/new").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0751);
  CHECK_FALSE(open_beneath(dir / "volume", "file/below", 0755));
}

TEST_CASE("VolumeMounts: a tmpfs is mounted once, sized, and unmounted", "[edged]") {
  need_root();
  TempDir dir;
  REQUIRE(make_directory(dir / "a/b", 0777));
  CHECK_FALSE(is_mount_point(dir / "a/b"));
  REQUIRE(mount_tmpfs(dir / "a/b", 65536));
  REQUIRE(mount_tmpfs(dir / "a/b", 65536));
  CHECK(is_mount_point(dir / "a/b"));
  CHECK(fs::space(dir / "a/b").capacity == 65536);
  REQUIRE(mount_tmpfs(dir / "a", 0));  // hides the other one
  REQUIRE(unmount_below(dir / "a"));
  CHECK_FALSE(is_mount_point(dir / "a"));
  CHECK_FALSE(is_mount_point(dir / "a/b"));
  CHECK(unmount_below(dir / "a"));
  CHECK(unmount_below(dir / "never"));
}

TEST_CASE("VolumeMounts: a mount in use is detached rather than kept", "[edged]") {
  need_root();
  TempDir dir;
  REQUIRE(make_directory(dir / "busy", 0777));
  REQUIRE(mount_tmpfs(dir / "busy", 65536));
  const Descriptor user(::open((dir / "busy").c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE(unmount_below(dir / "busy"));
  CHECK_FALSE(is_mount_point(dir / "busy"));
}

TEST_CASE("VolumeMounts: a bind pins what was opened, not what has its name later", "[edged]") {
  need_root();
  TempDir dir;
  dir.write("volume/d/inside", "good");
  dir.write("outside/inside", "bad");
  const Descriptor opened = open_beneath(dir / "volume", "d", 0755).value();
  fs::rename(dir / "volume/d", dir / "volume/moved");
  fs::create_directory_symlink(dir / "outside", dir / "volume/d");
  REQUIRE(bind_descriptor(opened, dir / "sub/0"));
  REQUIRE(bind_descriptor(opened, dir / "sub/0"));
  CHECK(text_at(dir / "sub/0/inside") == "good");

  dir.write("volume/file", "text");
  const Descriptor file = open_beneath(dir / "volume", "file", 0755).value();
  REQUIRE(bind_descriptor(file, dir / "sub/0"));  // another source: the old bind goes
  CHECK(text_at(dir / "sub/0") == "text");
  REQUIRE(unmount_below(dir / "sub"));
  CHECK(text_at(dir / "sub/0").empty());
}

TEST_CASE("VolumeMounts: a tree is removed in steps and links are not followed", "[edged]") {
  TempDir dir;
  dir.write("outside/keep", "x");
  for (int i = 0; i < 30; ++i)
    dir.write("tree/d" + std::to_string(i % 3) + "/f" + std::to_string(i), "x");
  fs::create_directory_symlink(dir / "outside", dir / "tree/link");
  int calls = 0;
  for (bool gone = false; !gone && calls < 100; ++calls) {
    const Result<bool> step = remove_tree(dir / "tree", 10);
    REQUIRE(step);
    gone = *step;
  }
  CHECK(calls > 2);
  CHECK(calls < 100);
  CHECK_FALSE(fs::exists(dir / "tree"));
  CHECK(text_at(dir / "outside/keep") == "x");
  CHECK(remove_tree(dir / "tree", 10).value());
}

TEST_CASE("VolumeMounts: a very deep tree needs few descriptors", "[edged]") {
  TempDir dir;
  REQUIRE(make_directory(dir / "tree", 0755));
  int parent = ::open((dir / "tree").c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(::mkdirat(parent, "d", 0755) == 0);
    const int child = ::openat(parent, "d", O_RDONLY | O_DIRECTORY);
    ::close(parent);
    parent = child;
  }
  ::close(parent);
  int calls = 0;
  for (bool gone = false; !gone && calls < 500; ++calls) {
    const Result<bool> step = remove_tree(dir / "tree", 1000);
    REQUIRE(step);
    gone = *step;
  }
  CHECK_FALSE(fs::exists(dir / "tree"));
}

TEST_CASE("VolumeMounts: removal stops at another file system", "[edged]") {
  need_root();
  TempDir dir;
  REQUIRE(make_directory(dir / "tree/mounted", 0755));
  REQUIRE(mount_tmpfs(dir / "tree/mounted", 65536));
  dir.write("tree/mounted/keep", "x");
  const Result<bool> step = remove_tree(dir / "tree", 100);
  REQUIRE_FALSE(step);
  CHECK(step.error().code == Code::kStorage);
  CHECK(text_at(dir / "tree/mounted/keep") == "x");
}

TEST_CASE("VolumeMounts: fsGroup gets the directory to itself", "[edged]") {
  need_root();
  TempDir dir;
  REQUIRE(make_directory(dir / "v", 0700));
  REQUIRE(apply_fs_group(dir / "v", 2000));
  struct stat status {};
  REQUIRE(::stat((dir / "v").c_str(), &status) == 0);
  CHECK(status.st_gid == 2000);
  CHECK((status.st_mode & 07777) == 02770);
}
