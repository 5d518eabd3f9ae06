#include "edgecore/edged/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/base/assert.h"
#include "edgecore/edged/small_file.h"
#include "edgecore/edged/volume_files.h"
#include "edgecore/edged/volume_mounts.h"

namespace skerry::edged {
namespace {

namespace fs = std::filesystem;

constexpr int kPrivateMode = 0750;
constexpr int kVolumeMode = 0777;  // as the kubelet makes them; the way to them is private

bool is_one_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

struct Made {
  std::string host_path;
  bool changed = false;
};

// ---- hostPath --------------------------------------------------------------------------------

/// One row per hostPath type that demands something.
struct HostPathRule {
  std::string_view type;
  mode_t format;
  int create_mode;  // 0: it must be there
  std::string_view noun;
};
constexpr HostPathRule kHostPathRules[] = {
    {"Directory", S_IFDIR, 0, "a directory"},
    {"DirectoryOrCreate", S_IFDIR, 0755, "a directory"},
    {"File", S_IFREG, 0, "a file"},
    {"FileOrCreate", S_IFREG, 0644, "a file"},
    {"Socket", S_IFSOCK, 0, "a socket file"},
    {"CharDevice", S_IFCHR, 0, "a character device"},
    {"BlockDevice", S_IFBLK, 0, "a block device"},
};

Result<void> create_host_path(const std::string& path, const HostPathRule& rule) {
  if (rule.format == S_IFDIR) return make_directory(path, rule.create_mode);
  const Descriptor file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, rule.create_mode));
  if (!file.is_open()) return errno_failure("cannot create", path);
  return {};
}

Result<Made> set_up_host_path(const HostPathVolume& volume) {
  if (volume.path.empty() || volume.path.front() != '/') {
    return fail(Code::kMalformed, "hostPath must be an absolute path: " + volume.path);
  }
  for (const auto& part : fs::path(volume.path)) {
    if (part == "..")
      return fail(Code::kMalformed, "hostPath must not contain '..': " + volume.path);
  }
  if (volume.type.empty()) return Made{volume.path, false};
  for (const HostPathRule& rule : kHostPathRules) {
    if (rule.type != volume.type) continue;
    struct stat status {};
    const bool exists = ::stat(volume.path.c_str(), &status) == 0;
    if (!exists && rule.create_mode != 0) {
      if (Result<void> made = create_host_path(volume.path, rule); !made) return fail(made.error());
      return Made{volume.path, true};
    }
    if (!exists || (status.st_mode & S_IFMT) != rule.format) {
      return fail(Code::kNotFound, "hostPath type check failed: " + volume.path + " is not " +
                                       std::string(rule.noun));
    }
    return Made{volume.path, false};
  }
  return fail(Code::kUnsupported, volume.type + " is an invalid volume type");
}

// ---- emptyDir --------------------------------------------------------------------------------

Result<Made> set_up_memory_dir(const PodSpec& pod,
                               const std::string& path,
                               std::int64_t size_bytes) {
  const bool there = is_mount_point(path);
  Result<void> done = make_directory(path, kVolumeMode);
  if (done) done = mount_tmpfs(path, size_bytes);
  if (done && pod.fs_group) done = apply_fs_group(path, *pod.fs_group);
  if (!done) return fail(done.error());
  return Made{path, !there};
}

/// Made under another name first: a directory that is there has its owner and mode.
Result<Made> set_up_disk_dir(const PodSpec& pod, const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return Made{path, false};
  const std::string fresh = path + ".new";
  fs::remove_all(fresh, ignored);
  Result<void> done = make_directory(fresh, kVolumeMode);
  if (done && pod.fs_group) done = apply_fs_group(fresh, *pod.fs_group);
  if (!done) return fail(done.error());
  if (::rename(fresh.c_str(), path.c_str()) != 0) return errno_failure("cannot rename", fresh);
  return Made{path, true};
}

// ---- volumes made of files -------------------------------------------------------------------

/// Directories for mounts inside this one: the runtime cannot make them in a read-only mount.
Result<void> make_nested_mount_points(const PodSpec& pod,
                                      const VolumeSpec& volume,
                                      const std::string& path) {
  const auto make_for = [&](const ContainerSpec& container) -> Result<void> {
    for (const VolumeMount& outer : container.mounts) {
      if (outer.name != volume.name || !outer.sub_path.empty()) continue;
      const std::string prefix = fs::path(outer.mount_path).lexically_normal() / "";
      for (const VolumeMount& inner : container.mounts) {
        const std::string below = fs::path(inner.mount_path).lexically_normal();
        if (!below.starts_with(prefix) || below.size() == prefix.size()) continue;
        const std::string relative = below.substr(prefix.size());
        if (relative.starts_with("..")) continue;
        Result<Descriptor> made = open_beneath(path, relative, 0755);
        if (!made) return fail(made.error());
      }
    }
    return {};
  };
  for (const auto* containers : {&pod.init_containers, &pod.containers}) {
    for (const ContainerSpec& container : *containers) {
      if (Result<void> made = make_for(container); !made) return made;
    }
  }
  return {};
}

Result<Made> set_up_files(const PodSpec& pod,
                          const VolumeSpec& volume,
                          const VolumeInputs& inputs,
                          const std::string& path) {
  // First, so that a missing object leaves nothing behind.
  const Result<Payload> payload = volume_payload(pod, volume, inputs);
  if (!payload) return fail(payload.error());
  Result<void> done = make_directory(path, kVolumeMode);
  if (done && in_memory(volume)) done = mount_tmpfs(path, 0);
  if (!done) return fail(done.error());
  Result<bool> changed = write_atomically(path, *payload, {pod.fs_group});
  if (!changed) return fail(changed.error());
  if (pod.fs_group) done = apply_fs_group(path, *pod.fs_group);
  if (done) done = make_nested_mount_points(pod, volume, path);
  if (!done) return fail(done.error());
  return Made{path, *changed};
}

Result<Made> set_up_volume(const PodSpec& pod,
                           const VolumeSpec& volume,
                           const VolumeInputs& inputs,
                           const std::string& volumes_dir) {
  if (const auto* host = std::get_if<HostPathVolume>(&volume.source))
    return set_up_host_path(*host);
  if (!is_one_name(volume.name))
    return fail(Code::kMalformed, "not a volume's name: " + volume.name);
  const std::string plugin = volumes_dir + "/" + plugin_dir(volume);
  if (Result<void> made = make_directory(plugin, kPrivateMode); !made) return fail(made.error());
  const std::string path = plugin + "/" + volume.name;
  if (const auto* dir = std::get_if<EmptyDirVolume>(&volume.source)) {
    if (!dir->memory) return set_up_disk_dir(pod, path);
    return set_up_memory_dir(pod, path, memory_dir_bytes(pod, *dir, inputs.facts));
  }
  return set_up_files(pod, volume, inputs, path);
}

}  // namespace

Volumes::Volumes(VolumeRoots roots) : roots_(std::move(roots)) {
  SKERRY_ASSERT(!roots_.pods_dir.empty() && roots_.pods_dir.front() == '/', "an absolute path");
}

std::string Volumes::pod_dir(const Uid& uid) const { return roots_.pods_dir + "/" + uid.str(); }

Result<VolumeSet> Volumes::set_up(const PodSpec& pod, const VolumeInputs& inputs) {
  if (!is_one_name(pod.uid.str())) return fail(Code::kMalformed, "not a uid: " + pod.uid.str());
  const std::string volumes_dir = pod_dir(pod.uid) + "/volumes";
  if (Result<void> made = make_directory(volumes_dir, kPrivateMode); !made)
    return fail(made.error());
  VolumeSet set;
  for (const VolumeSpec& volume : pod.volumes) {
    Result<Made> made = set_up_volume(pod, volume, inputs, volumes_dir);
    if (!made) {
      return fail("MountVolume.SetUp failed for volume \"" + volume.name + "\" ", made.error());
    }
    if (made->changed) set.changed.push_back(volume.name);
    set.host_paths.emplace(volume.name, std::move(made->host_path));
  }
  return set;
}

Result<std::string> Volumes::mount_source(const PodSpec& pod,
                                          const ContainerSpec& container,
                                          std::size_t index,
                                          const EnvList& env,
                                          const VolumeSet& volumes) {
  SKERRY_ASSERT(index < container.mounts.size(), "one of the container's mounts");
  const VolumeMount& mount = container.mounts[index];
  const auto found = volumes.host_paths.find(mount.name);
  if (found == volumes.host_paths.end()) {
    return fail(Code::kMalformed, "volumeMount names a volume that the pod lacks: " + mount.name);
  }
  std::string sub_path = mount.sub_path;
  if (!mount.sub_path_expr.empty()) {
    Result<std::string> expanded = expand_sub_path(mount.sub_path_expr, env);
    if (!expanded) return expanded;
    sub_path = std::move(*expanded);
  }
  if (sub_path.empty()) return found->second;

  struct stat status {};
  const bool known = ::stat(found->second.c_str(), &status) == 0;
  Result<Descriptor> inside = open_beneath(found->second, sub_path,
                                           known ? static_cast<int>(status.st_mode & 07777) : 0755);
  const std::string target = pod_dir(pod.uid) + "/volume-subpaths/" + mount.name + "/" +
                             container.name + "/" + std::to_string(index);
  Result<void> bound = inside ? bind_descriptor(*inside, target) : fail(inside.error());
  if (!bound) {
    return fail("failed to prepare subPath for volumeMount \"" + mount.name + "\" of container \"" +
                    container.name + "\"",
                bound.error());
  }
  return target;
}

Result<bool> Volumes::tear_down(const Uid& uid, std::size_t entries_max) {
  if (!is_one_name(uid.str())) return fail(Code::kMalformed, "not a uid: " + uid.str());
  const std::string directory = pod_dir(uid);
  if (Result<void> done = unmount_below(directory); !done) return fail(done.error());
  return remove_tree(directory, entries_max);
}

std::vector<Uid> Volumes::pods() const {
  std::vector<Uid> uids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(roots_.pods_dir, ignored)) {
    if (entry.is_directory(ignored)) uids.emplace_back(entry.path().filename().string());
  }
  return uids;
}

}  // namespace skerry::edged
