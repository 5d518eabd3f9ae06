// Node leases of live sessions, so that the node lifecycle controller sees who is there.
// Source: design.md 4.11, KEP-589.
#pragma once

#include <string>

#include "cloudcore/edgecontroller/lease_schedule.h"
#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/ids.h"
#include "common/base/units.h"

namespace skerry::edgecontroller {

/// Body of the lease patch, and the Lease to create when there is none. Pure.
std::string lease_patch(const NodeName& node, WallTime now);
std::string new_lease(const NodeName& node, const Uid& node_uid, WallTime now);

/// Renews the leases of added nodes by LeaseSchedule; none is begun after remove().
/// Owner: NodeSessions. Thread: control shard. Limit: kInFlightMax renewals at once.
class NodeLeases {
 public:
  static constexpr std::size_t kInFlightMax = 8;

  NodeLeases(async::Executor executor, kube::Client& client);

  void add(const NodeName& node, Uid node_uid);
  void remove(const NodeName& node);
  /// Runs until stop() and until the renewals under way have ended.
  async::Task<void> run();
  void stop();

 private:
  async::Task<void> renew(LeaseSchedule::Due due);
  async::Task<Result<std::string>> write(LeaseSchedule::Due due);

  kube::Client& client_;
  async::Wakeup wakeup_;
  async::TaskGroup renewals_;
  LeaseSchedule schedule_;
  std::size_t in_flight_ = 0;
  bool stopping_ = false;
};

}  // namespace skerry::edgecontroller
