// What a controller is: which objects it looks at, and what it does for one key. A ControllerRunner
// gives it keys: all at the start, then those that changed, and again those that failed.
//
// Owner: Standalone. Thread: the API's loop. A reconcile reads the newest state, does what is
// missing and ends; it is never told what changed. Errors: retried with backoff, counted and logged
// once. Source: controller-runtime and kube-controller-manager, as behaviour.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/api_client.h"
#include "cloudcore/standalone/controllers/work_queue.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/seam/world.h"

namespace skerry::standalone {

/// A resource whose events concern a controller, and the keys that an object's event wakes.
struct ControllerSource {
  ResourceType type;
  std::function<std::vector<std::string>(const StoredObject& object)> keys;
};

/// When to look again by itself; nothing: at the next event.
using LookAgain = std::optional<Duration>;

class Controller {
 public:
  virtual ~Controller() = default;
  virtual std::string name() const = 0;
  virtual std::vector<ControllerSource> sources() = 0;
  virtual async::Task<Answer<LookAgain>> reconcile(std::string key) = 0;
};

/// "<ns>/<name>" of the object itself; what most controllers are keyed by.
std::vector<std::string> own_key(const StoredObject& object);
/// Splits it again.
std::pair<std::string, std::string> split_key(const std::string& key);

class ControllerRunner {
 public:
  ControllerRunner(std::unique_ptr<Controller> controller,
                   ObjectStore& store,
                   seam::World world,
                   async::Executor executor);

  void start();
  async::Task<void> stop();

 private:
  async::Task<void> follow(std::size_t source);
  async::Task<void> work();
  void add_all(const ControllerSource& source);

  std::unique_ptr<Controller> controller_;
  ObjectStore& store_;
  seam::World world_;
  std::vector<ControllerSource> sources_;
  std::vector<ObjectWatch*> watches_;  // while their follow() runs
  WorkQueue queue_;
  async::Wakeup wake_;
  async::TaskGroup tasks_;
  bool stopping_ = false;
};

}  // namespace skerry::standalone
