#include "edgecore/edged/cgroup_dirs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>

#include "edgecore/edged/small_file.h"

namespace skerry::edged {
namespace {

namespace fs = std::filesystem;

constexpr QosClass kClasses[] = {QosClass::kGuaranteed, QosClass::kBurstable,
                                 QosClass::kBestEffort};

std::vector<std::string> subdirectories(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.is_directory(ignored)) names.push_back(entry.path().filename().string());
  }
  return names;
}

Result<void> make_cgroup(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return errno_failure("cannot make the cgroup", path);
}

/// cgroupfs is memory, yet a write may have an effect of its own: none when nothing changed.
Result<void> write_if_different(const std::string& path, const std::string& value) {
  const Result<std::string> now = read_small_file(path);
  if (now && trimmed(*now) == value) return {};
  return write_small_file(path, value);
}

Result<void> write_all(const std::vector<CgroupWrite>& writes,
                       std::string_view controller,
                       const std::string& directory) {
  for (const CgroupWrite& one : writes) {
    if (one.controller != controller) continue;
    if (Result<void> done = write_if_different(directory + "/" + one.file, one.value); !done) {
      return done;
    }
  }
  return {};
}

/// v2: lets the children of `directory` be limited.
Result<void> pass_controllers_on(const std::string& directory) {
  const Result<std::string> available = read_small_file(directory + "/cgroup.controllers");
  if (!available) return fail(available.error());
  const Result<std::string> passed = read_small_file(directory + "/cgroup.subtree_control");
  std::istringstream names(*available);
  std::string wanted;
  for (std::string name; names >> name;) {
    const bool ours = name == "cpu" || name == "memory" || name == "pids" || name == "cpuset" ||
                      name == "io" || name == "hugetlb";
    const std::string spaced = " " + (passed ? trimmed(*passed) : "") + " ";
    if (ours && spaced.find(" " + name + " ") == std::string::npos) {
      wanted += (wanted.empty() ? "+" : " +") + name;
    }
  }
  if (wanted.empty()) return {};
  return write_small_file(directory + "/cgroup.subtree_control", wanted);
}

/// Children first. False: a process is still inside.
Result<bool> remove_cgroup(const std::string& directory) {
  for (const std::string& child : subdirectories(directory)) {
    Result<bool> gone = remove_cgroup(directory + "/" + child);
    if (!gone || !*gone) return gone;
  }
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return true;
  if (errno == EBUSY) return false;
  return errno_failure("cannot remove the cgroup", directory);
}

void collect_processes(const std::string& directory, std::vector<int>& pids) {
  for (const std::string& child : subdirectories(directory)) {
    collect_processes(directory + "/" + child, pids);
  }
  const Result<std::string> text = read_small_file(directory + "/cgroup.procs");
  if (!text) return;
  std::istringstream lines(*text);
  for (int pid = 0; lines >> pid;) pids.push_back(pid);
}

/// Every directory from the hierarchy's root down to `path`, without the root.
std::vector<std::string> steps_of(const std::string& path) {
  std::vector<std::string> steps;
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    steps.push_back(path.substr(0, at));
  }
  steps.push_back(path);
  return steps;
}

}  // namespace

Result<CgroupVersion> detect_cgroup_version(const std::string& root) {
  std::error_code ignored;
  if (fs::exists(root + "/cgroup.controllers", ignored)) return CgroupVersion::kV2;
  if (fs::is_directory(root + "/memory", ignored) || fs::is_directory(root + "/cpu", ignored)) {
    return CgroupVersion::kV1;
  }
  return fail(Code::kNotFound, "no cgroups at " + root +
                                   ": mount cgroup2 there (or the v1 cpu and memory controllers)");
}

CgroupDirs::CgroupDirs(CgroupSetup setup) : setup_(std::move(setup)) {}

/// The directories that stand for a hierarchy's root: one on v2, one per controller set on v1,
/// where links such as cpu -> cpu,cpuacct are names for one that is listed anyway.
std::vector<std::string> CgroupDirs::hierarchies() const {
  if (setup_.version == CgroupVersion::kV2) return {setup_.root};
  std::vector<std::string> roots;
  std::error_code ignored;
  const fs::path root = fs::canonical(setup_.root, ignored);
  for (const std::string& name : subdirectories(setup_.root)) {
    const std::string path = setup_.root + "/" + name;
    if (name == "unified") continue;
    if (fs::is_symlink(path, ignored) && fs::canonical(path, ignored).parent_path() == root)
      continue;
    roots.push_back(path);
  }
  return roots;
}

/// Where a pod may have left something: on a hybrid v1 system runc also makes the pod's path in the
/// v2 tree, which holds no controller of ours.
std::vector<std::string> CgroupDirs::searched() const {
  std::vector<std::string> roots = hierarchies();
  std::error_code ignored;
  const std::string unified = setup_.root + "/unified";
  const bool hybrid = setup_.version == CgroupVersion::kV1 && fs::is_directory(unified, ignored);
  if (hybrid) roots.push_back(unified);
  return roots;
}

std::vector<std::string> CgroupDirs::pod_dirs(const Uid& uid) const {
  std::vector<std::string> dirs;
  std::error_code ignored;
  for (const std::string& hierarchy : searched()) {
    for (const QosClass qos : kClasses) {
      const std::string dir = hierarchy + pod_cgroup(setup_.driver, qos, uid);
      if (fs::is_directory(dir, ignored)) dirs.push_back(dir);
    }
  }
  return dirs;
}

Result<void> CgroupDirs::ensure_pod(const PodSpec& pod) {
  if (setup_.driver == CgroupDriver::kSystemd) return {};
  const QosClass qos = qos_class(pod);
  const std::string path = pod_cgroup(setup_.driver, qos, pod.uid);
  const std::string best_effort = qos_cgroup(setup_.driver, QosClass::kBestEffort);
  const std::string all_pods = qos_cgroup(setup_.driver, QosClass::kGuaranteed);
  const auto writes_at = [&](const std::string& step) -> std::vector<CgroupWrite> {
    if (step == path) return cgroup_writes(setup_.version, pod_resources(pod));
    if (step == best_effort) return cgroup_writes(setup_.version, {2, {}, {}});
    if (step == all_pods && setup_.cpus > 0) {
      return cgroup_writes(setup_.version, {cpu_shares(setup_.cpus * 1000LL), {}, {}});
    }
    return {};
  };
  const bool v2 = setup_.version == CgroupVersion::kV2;
  const std::vector<std::string> controllers =
      v2 ? std::vector<std::string>{""}
         : std::vector<std::string>{"cpu", "cpuacct", "memory", "pids"};
  for (const std::string& controller : controllers) {
    const std::string root = v2 ? setup_.root : setup_.root + "/" + controller;
    std::error_code ignored;
    if (!fs::is_directory(root, ignored)) continue;  // a kernel without this controller
    if (v2) {
      if (Result<void> passed = pass_controllers_on(root); !passed) return passed;
    }
    for (const std::string& step : steps_of(path)) {
      Result<void> done = make_cgroup(root + step);
      if (done) done = write_all(writes_at(step), controller, root + step);
      if (done && v2) done = pass_controllers_on(root + step);
      if (!done) return done;
    }
  }
  return {};
}

Result<bool> CgroupDirs::remove_pod(const Uid& uid) {
  bool all_gone = true;
  for (const std::string& dir : pod_dirs(uid)) {
    Result<bool> gone = remove_cgroup(dir);
    if (!gone) return gone;
    all_gone = all_gone && *gone;
  }
  return all_gone;
}

std::vector<Uid> CgroupDirs::pods() const {
  std::vector<Uid> uids;
  for (const std::string& hierarchy : searched()) {
    for (const QosClass qos : kClasses) {
      const std::string parent = qos_cgroup(setup_.driver, qos);
      // systemd: kubepods-burstable-pod<uid with _>.slice
      const bool systemd = setup_.driver == CgroupDriver::kSystemd;
      const std::string base = fs::path(parent).filename().string();
      const std::string prefix = systemd ? base.substr(0, base.size() - 6) + "-pod" : "pod";
      const std::string suffix = systemd ? ".slice" : "";
      for (std::string name : subdirectories(hierarchy + parent)) {
        if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
        name = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
        if (systemd) std::replace(name.begin(), name.end(), '_', '-');
        uids.emplace_back(name);
      }
    }
  }
  std::sort(uids.begin(), uids.end());
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  return uids;
}

std::vector<int> CgroupDirs::processes(const Uid& uid) const {
  std::vector<int> pids;
  for (const std::string& dir : pod_dirs(uid)) collect_processes(dir, pids);
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<void> CgroupDirs::set_burstable_cpu(std::int64_t requests_milli) {
  if (setup_.driver == CgroupDriver::kSystemd) return {};
  const bool v2 = setup_.version == CgroupVersion::kV2;
  const std::string directory =
      (v2 ? setup_.root : setup_.root + "/cpu") + qos_cgroup(setup_.driver, QosClass::kBurstable);
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) return {};  // no burstable pod yet
  return write_all(cgroup_writes(setup_.version, {cpu_shares(requests_milli), {}, {}}),
                   v2 ? "" : "cpu", directory);
}

}  // namespace skerry::edged
