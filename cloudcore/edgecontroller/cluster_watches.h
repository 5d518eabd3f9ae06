// The watches that keep DesiredIndex true: the cluster's id, edge nodes, pods, and (through
// ReferenceFollower) what pods refer to. The first thing a pod meets is PodIntake.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/edgecontroller/catch_up.h"
#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/pod_intake.h"
#include "cloudcore/edgecontroller/reference_follower.h"
#include "cloudcore/kube/list_watch.h"
#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/metrics/registry.h"

namespace skerry::edgecontroller {

/// What follows from what the watches tell, all on the control shard.
struct ClusterHandlers {
  std::function<void(Changes)> changed;  // what one input changes for each node
  std::function<void(const NodeName&, const Uid&)> node_added;
  std::function<void(const NodeName&)> node_removed;
  std::function<void()> ready;  // see ClusterWatches::ready()
  /// Before any change of it: the API's history went back, so it was restored or is another cluster
  /// now. Ready again once it is known which.
  std::function<void()> replaced;
};

/// Owner: EdgeController. Thread: control shard. Must outlive the tasks it spawns in `tasks`.
/// Errors: an API that is away is waited for; each watch logs what it waits for.
class ClusterWatches {
 public:
  struct Options {
    bool cluster_wide_references = false;
    std::chrono::seconds admission_default{};
  };

  ClusterWatches(async::Executor executor,
                 kube::Client& client,
                 DesiredIndex& index,
                 async::TaskGroup& tasks,
                 metrics::Registry& registry,
                 ClusterHandlers handlers);

  void start(const Options& options);
  /// No handler is called afterwards, but by tasks that end.
  void stop();
  void on_time(TimePoint now);

  /// Every first list is whole, references are known, offline policies applied, and the cluster's
  /// id is known. Stays true until the cluster is replaced.
  bool ready() const { return ready_; }
  const ClusterId& cluster() const { return cluster_; }

  /// Waits until the watches of what this node needs have come as far as its edge has.
  async::Task<CatchUp> catch_up(NodeName node, std::map<k8s::Kind, ResourceVersion> seen);

 private:
  void watch_nodes();
  void watch_pods();
  void on_nodes(std::vector<ObjectPtr> list);
  void on_node_event(kube::ChangeType type, ObjectPtr node);
  void put_node(ObjectPtr node, Changes& changes);
  void remove_node(const NodeName& node, Changes& changes);
  void on_pods(std::vector<ObjectPtr> list);
  void on_pod_event(kube::ChangeType type, ObjectPtr pod);
  async::Task<void> learn_cluster();
  async::Task<void> list_pods_of(NodeName node);
  async::Task<void> list_pages_of(NodeName node);
  void begin_again_if_replaced();
  /// One for each watch that feeds what the node needs of this kind.
  std::vector<CatchUpCall> feeds_of(const NodeName& node, k8s::Kind kind, ResourceVersion seen);
  /// Tells the changes and follows what they mean for watches and readiness.
  void publish(Changes changes);
  void check_ready();
  void measure();

  async::Executor executor_;
  kube::Client& client_;
  DesiredIndex& index_;
  async::TaskGroup& tasks_;
  metrics::Registry& registry_;
  ClusterHandlers handlers_;
  async::Wakeup stopped_;
  ReferenceFollower references_;
  PodIntake intake_;
  std::unique_ptr<kube::ListWatch> node_watch_;
  std::unique_ptr<kube::ListWatch> pod_watch_;
  ClusterId cluster_;
  bool ready_ = false;
  std::uint64_t resets_known_ = 0;
  // Pods whose end the watch told while pods of new nodes were listed: their list may be older.
  std::set<Uid> ended_while_listing_;
  int node_lists_ = 0;
  bool stopping_ = false;
};

}  // namespace skerry::edgecontroller
