// A pod's volumes on the host: <pods>/<uid>/volumes/<plugin>/<name>, laid out as by a kubelet.
// Secrets, tokens, projected and downwardAPI volumes are tmpfs: they never touch the disk.
//
//   Volumes volumes({data_dir + "/pods"});
//   Result<VolumeSet> set = volumes.set_up(*pod, {objects, token, facts});
//     // before the first container, and again whenever an object or token changed; idempotent,
//     // writes nothing where nothing changed (set->changed says)
//   Result<std::string> host = volumes.mount_source(*pod, container, index, *env, *set);
//   ... volumes.tear_down(uid) until it returns true, after the containers are gone
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edgecore/edged/env.h"
#include "edgecore/edged/object_data.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

struct VolumeRoots {
  std::string pods_dir;  // absolute; made 0750 when absent
};

struct VolumeInputs {
  ObjectLookup objects;
  /// The newest token for (volume, path); nothing: not here yet; empty: past its offline lease, so
  /// there is no file of it, and the pod goes on.
  std::function<std::optional<std::string>(const std::string& volume, const std::string& path)>
      token;
  PodFacts facts;
};

struct VolumeSet {
  std::map<std::string, std::string> host_paths;  // volume name -> directory or file on the host
  std::vector<std::string> changed;               // volumes whose files were written
};

/// Owner: Edged. Thread: its loop, synchronously. Limits: an object's size (kObjectBytesMax).
class Volumes {
 public:
  explicit Volumes(VolumeRoots roots);

  /// Errors: kNotFound (a required object, key or token is missing: retry when objects change),
  /// kMalformed, kUnsupported, kStorage. The text is fit for a FailedMount event.
  Result<VolumeSet> set_up(const PodSpec& pod, const VolumeInputs& inputs);

  /// Host path to bind for container.mounts[index]. A subPath is resolved below its volume, may not
  /// leave it through any link, is made when missing, and is pinned by a bind mount so that it
  /// cannot be swapped later. Errors: kForbidden (escapes), kNotFound, kMalformed, kStorage.
  Result<std::string> mount_source(const PodSpec& pod,
                                   const ContainerSpec& container,
                                   std::size_t index,
                                   const EnvList& env,
                                   const VolumeSet& volumes);

  /// Unmounts and removes all of <pods>/<uid>, at most `entries_max` files a call so that the loop
  /// goes on. True: nothing is left. Never crosses into another file system. Errors: kStorage.
  Result<bool> tear_down(const Uid& uid, std::size_t entries_max = 2000);

  /// Uids that have a directory here: what a killed edgecore may have left.
  std::vector<Uid> pods() const;
  /// <pods>/<uid>, for etc-hosts, termination logs and the like; made by set_up().
  std::string pod_dir(const Uid& uid) const;

 private:
  VolumeRoots roots_;
};

}  // namespace skerry::edged
