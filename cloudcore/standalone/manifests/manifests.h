// Keeps the objects of the files in one folder applied: at the start, and whenever a file changes.
// What a removed file made stays, unless it carries the annotation kPruneAnnotation: "true".
//
// Owner: Standalone. Thread: the API's loop. Limits: kManifestBytesMax a file. Errors: one line for
// each object that cannot be applied, naming file and document; it is tried again, ever later, and
// the others go on. Source: K3s' deploy controller and kubectl apply, as behaviour.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/api_client.h"
#include "cloudcore/standalone/manifests/directory_watch.h"
#include "cloudcore/standalone/manifests/manifest_reader.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/seam/world.h"

namespace skerry::standalone {

inline constexpr const char* kManifestAnnotation = "skerry.io/manifest";  // the file's name
inline constexpr const char* kPruneAnnotation = "skerry.io/prune-with-manifest";

class Manifests {
 public:
  Manifests(ApiClient& client, seam::World world, async::Executor executor, std::string folder);

  /// Makes the folder if there is none. Errors: kStorage.
  Result<void> start();
  async::Task<void> stop();

  /// One round over the folder: how many objects could not be applied.
  async::Task<std::size_t> apply_all();

 private:
  async::Task<void> run();
  std::vector<ManifestObject> read_folder() const;
  async::Task<std::string> apply(std::shared_ptr<const ManifestObject> manifest);
  async::Task<void> prune(std::set<std::string> kept);
  void report(const std::map<std::string, std::string>& problems);

  ApiClient& client_;
  seam::World world_;
  async::Executor executor_;
  std::string folder_;
  async::Wakeup changed_;
  async::TaskGroup tasks_;
  std::unique_ptr<DirectoryWatch> watch_;
  std::map<std::string, std::string> reported_;  // place -> the problem that was logged
  bool stopping_ = false;
};

}  // namespace skerry::standalone
