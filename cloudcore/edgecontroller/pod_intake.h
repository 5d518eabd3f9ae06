// The first thing that happens to a pod of an edge node: its tolerations follow the node's offline
// policy, so that what the edge gets first is what stays. Then it enters the index.
// Source: design.md section 5.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/tolerations.h"
#include "cloudcore/kube/client.h"
#include "common/async/task_group.h"

namespace skerry::edgecontroller {

/// Name of the node a pod is bound to; empty: none.
NodeName node_of(const k8s::Object& pod);

/// Owner: EdgeController. Thread: control shard. Must outlive the tasks it spawns in `tasks`.
class PodIntake {
 public:
  using Changed = std::function<void(Changes)>;

  PodIntake(kube::Client& client, DesiredIndex& index, async::TaskGroup& tasks, Changed changed)
      : client_(client), index_(index), tasks_(tasks), changed_(std::move(changed)) {}

  void set_admission_default(std::chrono::seconds limit) { admission_default_ = limit; }
  /// A pod as the API has it now; one of a node that is not at the edge is passed over.
  void put(ObjectPtr pod, Changes& changes);
  void remove(const ObjectKey& key, const Uid& uid, Changes& changes);
  /// Pods whose tolerations are being changed.
  std::size_t pending() const { return pending_.size(); }

 private:
  async::Task<void> apply_offline_policy(ObjectPtr pod, OfflinePolicy policy);
  void admit(ObjectPtr pod, const NodeName& node, Changes& changes);

  kube::Client& client_;
  DesiredIndex& index_;
  async::TaskGroup& tasks_;
  Changed changed_;
  std::chrono::seconds admission_default_ = OfflinePolicy().admission_default;
  std::set<Uid> looked_at_;
  std::map<Uid, ObjectPtr> pending_;  // newest version seen while the patch is under way
};

}  // namespace skerry::edgecontroller
