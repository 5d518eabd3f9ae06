// Objects whose owners have all gone go, too; owners that wait for their dependents (foreground) or
// let go of them (orphan) are freed when that is done.
//
// Owner: Standalone. Thread: the API's loop. Source: pkg/controller/garbagecollector, as behaviour.
#pragma once

#include <string>

#include "cloudcore/standalone/controllers/api_client.h"
#include "cloudcore/standalone/controllers/owner_index.h"
#include "cloudcore/standalone/controllers/work_queue.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"

namespace skerry::standalone {

class GarbageCollector {
 public:
  GarbageCollector(ApiClient& client, seam::World world, async::Executor executor);

  void start();
  async::Task<void> stop();

 private:
  void on_event(const std::string& prefix, const ObjectEvent& event);
  void look_at(const ObjectPlace& place);
  async::Task<void> work();
  async::Task<Answer<bool>> judge(ObjectPlace place);
  async::Task<Answer<bool>> release_dependents(ObjectPlace place, std::string owner);
  async::Task<Answer<bool>> end_dependents(ObjectPlace place, std::string owner);
  async::Task<Answer<bool>> drop_finalizer(ObjectPlace place, std::string finalizer);
  std::optional<ResourceType> type_of(const std::string& prefix) const;

  ApiClient& client_;
  seam::World world_;
  OwnerIndex index_;
  WorkQueue queue_;
  async::Wakeup wake_;
  async::TaskGroup tasks_;
  bool stopping_ = false;
};

}  // namespace skerry::standalone
