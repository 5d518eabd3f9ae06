// Finds a Node for every Pod that has none, by priority; makes room for important ones; and says in
// an Event why a Pod has to wait.
//
// A Pod's way: on_event -> SchedulingQueue -> Decider::decide -> assumed in ClusterState -> bind
// (or reject), many at once.
//
// Owner: ControllerSet. Thread: the API's loop. Limits: kWritesAtOnce. Errors: a write that fails
// sends the Pod back into the queue, and is logged; an Event that cannot be written is counted.
// Source: pkg/scheduler, as behaviour.
#pragma once

#include <string>

#include "cloudcore/standalone/controllers/api_client.h"
#include "cloudcore/standalone/scheduler/cluster_state.h"
#include "cloudcore/standalone/scheduler/decision.h"
#include "cloudcore/standalone/scheduler/scheduler_events.h"
#include "cloudcore/standalone/scheduler/scheduling_queue.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/seam/world.h"

namespace skerry::standalone {

class Scheduler {
 public:
  static constexpr std::size_t kWritesAtOnce = 64;

  Scheduler(ApiClient& client, seam::World world, async::Executor executor);

  void start();
  async::Task<void> stop();

  std::uint64_t events_lost() const { return events_lost_; }
  std::size_t waiting() const { return queue_.size(); }

 private:
  // What happens: into the index and the queue.
  void on_event(const std::string& prefix, const ObjectEvent& event);
  void on_pod(const ObjectEvent& event);
  void on_node(const ObjectEvent& event);
  void on_namespace(const ObjectEvent& event);
  void take_pod(const StoredObject& object);
  void wake(FitRule rule);
  void wake(unsigned rules);

  // What is done.
  async::Task<void> work();
  void schedule(const std::string& key);
  async::Task<void> bind(PodInfoPtr pod, std::string node);
  async::Task<void> prepare_volumes(PodInfoPtr pod, Decision decision);
  async::Task<void> reject(PodInfoPtr pod, Decision decision);
  async::Task<Answer<void>> preempt(PodInfoPtr pod, Preemption preemption);
  async::Task<Answer<void>> end_victim(PodInfoPtr victim, PodInfoPtr pod, std::string node);
  async::Task<void> tell(nlohmann::json pod, PodEvent event, nlohmann::json related = nullptr);
  void write_failed(const std::string& key, const ApiError& error);

  VolumeObjects volume_objects();
  std::vector<DisruptionLimit> disruption_limits() const;
  std::optional<nlohmann::json> stored(const PodInfo& pod) const;

  ApiClient& client_;
  seam::World world_;
  ClusterState cluster_;
  SchedulingQueue queue_;
  Decider decider_;
  async::Wakeup wake_;
  async::TaskGroup tasks_;
  std::size_t writing_ = 0;
  std::uint64_t events_lost_ = 0;
  bool started_ = false;
  bool stopping_ = false;
};

}  // namespace skerry::standalone
