#include "edgecore/edged/cgroup_dirs.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"
#include "tests/unit/edged/temp_dir.h"

using namespace skerry;
using namespace skerry::edged;
namespace fs = std::filesystem;

namespace {

PodSpec limited_pod() {
  return sample_pod({sample_container("c", {"100m", "200m", "32Mi", "64Mi"})});
}

/// A plain directory keeps files that cgroupfs would drop with the directory.
void drop_files(const std::string& root) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  for (const auto& file : files) fs::remove(file);
}

}  // namespace

TEST_CASE("CgroupDirs: tells v1 from v2 by what is mounted", "[edged]") {
  TempDir none, v1, v2;
  v2.write("cgroup.controllers", "cpu memory\n");
  fs::create_directories(v1 / "memory");
  CHECK(detect_cgroup_version(v2.path()).value() == CgroupVersion::kV2);
  CHECK(detect_cgroup_version(v1.path()).value() == CgroupVersion::kV1);
  REQUIRE_FALSE(detect_cgroup_version(none.path()));
  CHECK(detect_cgroup_version(none.path()).error().code == Code::kNotFound);
}

TEST_CASE("CgroupDirs: v1 makes the pod's directory in each hierarchy, and removes it", "[edged]") {
  TempDir root;
  for (const char* name : {"cpu,cpuacct", "memory", "pids", "devices"})
    fs::create_directories(root / name);
  fs::create_directory_symlink("cpu,cpuacct", root / "cpu");
  fs::create_directory_symlink("cpu,cpuacct", root / "cpuacct");
  CgroupDirs cgroups({CgroupVersion::kV1, CgroupDriver::kCgroupfs, root.path(), 4});
  const PodSpec pod = limited_pod();
  REQUIRE(cgroups.ensure_pod(pod));
  REQUIRE(cgroups.ensure_pod(pod));
  const std::string path = "/kubepods/burstable/pod1234-abcd";
  CHECK(text_at(root / "cpu" + path + "/cpu.shares") == "102");
  CHECK(text_at(root / "cpu" + path + "/cpu.cfs_quota_us") == "20000");
  CHECK(text_at(root / "memory" + path + "/memory.limit_in_bytes") == "67108864");
  CHECK(fs::is_directory(root / "pids" + path));
  CHECK_FALSE(fs::exists(root / "devices" + path));
  CHECK(text_at(root / "cpu/kubepods/cpu.shares") == "4096");
  REQUIRE(cgroups.set_burstable_cpu(300));
  CHECK(text_at(root / "cpu/kubepods/burstable/cpu.shares") == "307");
  CHECK(cgroups.pods() == std::vector<Uid>{pod.uid});

  // The runtime made the pod's directory in other hierarchies too; its children go with it.
  fs::create_directories(root / "devices" + path + "/container");
  root.write("memory" + path + "/child/cgroup.procs", "12\n7\n");
  root.write("cpu,cpuacct" + path + "/child/cgroup.procs", "7\n");
  CHECK(cgroups.processes(pod.uid) == std::vector<int>{7, 12});
  drop_files(root.path());
  CHECK(cgroups.remove_pod(pod.uid).value());
  CHECK(cgroups.remove_pod(pod.uid).value());
  CHECK(cgroups.pods().empty());
  CHECK_FALSE(fs::exists(root / "devices" + path));
}

TEST_CASE("CgroupDirs: v2 passes the controllers on down to the pod", "[edged]") {
  TempDir root;
  const std::string path = "/kubepods/burstable/pod1234-abcd";
  for (const std::string& step :
       {std::string(), std::string("/kubepods"), std::string("/kubepods/burstable"), path}) {
    root.write(step + "/cgroup.controllers", "cpuset cpu io memory pids rdma\n");
    root.write(step + "/cgroup.subtree_control", step.empty() ? "memory\n" : "");
  }
  CgroupDirs cgroups({CgroupVersion::kV2, CgroupDriver::kCgroupfs, root.path()});
  REQUIRE(cgroups.ensure_pod(limited_pod()));
  CHECK(text_at(root / "cgroup.subtree_control") == "+cpuset +cpu +io +pids");
  CHECK(text_at(root.path() + path + "/cgroup.subtree_control") ==
        "+cpuset +cpu +io +memory +pids");
  CHECK(text_at(root.path() + path + "/cpu.weight") == "4");
  CHECK(text_at(root.path() + path + "/cpu.max") == "20000 100000");
  CHECK(text_at(root.path() + path + "/memory.max") == "67108864");
}

TEST_CASE("CgroupDirs: with systemd only what is left over is found and removed", "[edged]") {
  TempDir root;
  CgroupDirs cgroups({CgroupVersion::kV2, CgroupDriver::kSystemd, root.path()});
  REQUIRE(cgroups.ensure_pod(limited_pod()));
  CHECK(fs::is_empty(root.path()));
  fs::create_directories(
      root / "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1234_abcd.slice/x");
  CHECK(cgroups.pods() == std::vector<Uid>{Uid("1234-abcd")});
  CHECK(cgroups.remove_pod(Uid("1234-abcd")).value());
  CHECK(cgroups.pods().empty());
}

TEST_CASE("CgroupDirs: the kernel's own files take what is written", "[edged]") {
  // A part of the machine's real hierarchies, so that no other pod is touched. CI runs as root.
  const auto version = detect_cgroup_version("/sys/fs/cgroup");
  REQUIRE(version);
  TempDir root;
  const std::string name = "skerry-unit-" + std::to_string(::getpid());
  std::vector<std::string> real;
  if (*version == CgroupVersion::kV1) {
    for (const char* controller : {"cpu", "memory", "pids"}) {
      real.push_back("/sys/fs/cgroup/" + std::string(controller) + "/" + name);
      fs::create_directory(real.back());
      fs::create_directory_symlink(real.back(), root / controller);
    }
  } else {
    real.push_back("/sys/fs/cgroup/" + name);
    fs::create_directory(real.back());
  }
  const std::string base = *version == CgroupVersion::kV1 ? root.path() : real.front();
  CgroupDirs cgroups({*version, CgroupDriver::kCgroupfs, base});
  const PodSpec pod = limited_pod();
  CHECK(cgroups.ensure_pod(pod));
  CHECK(cgroups.ensure_pod(pod));
  const std::string path = "/kubepods/burstable/pod1234-abcd";
  if (*version == CgroupVersion::kV1) {
    CHECK(text_at(base + "/cpu" + path + "/cpu.shares") == "102\n");
    CHECK(text_at(base + "/memory" + path + "/memory.limit_in_bytes") == "67108864\n");
  } else {
    CHECK(text_at(base + path + "/memory.max") == "67108864\n");
  }
  CHECK(cgroups.remove_pod(pod.uid).value_or(false));
  CHECK(cgroups.pods().empty());
  for (const std::string& directory : real) {
    for (const char* part : {"/kubepods/burstable", "/kubepods/besteffort", "/kubepods", ""}) {
      ::rmdir((directory + part).c_str());
    }
    CHECK_FALSE(fs::exists(directory));
  }
}
