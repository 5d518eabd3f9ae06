// Node leases of live sessions, so that the node lifecycle controller sees who is there.
// Source: design.md 4.11, KEP-589.
#pragma once

#include <map>
#include <string>

#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/base/ids.h"
#include "common/base/units.h"

namespace skerry::edgecontroller {

/// Body of the lease patch, and the Lease to create when there is none. Pure.
std::string lease_patch(const NodeName& node, WallTime now);
std::string new_lease(const NodeName& node, const Uid& node_uid, WallTime now);

/// Renews each added node's lease at once and every kNodeLeaseRenewInterval after, never after
/// remove(). Owner: EdgeController. Thread: control shard.
class NodeLeases {
 public:
  NodeLeases(async::Executor executor, kube::Client& client);

  void add(const NodeName& node, Uid node_uid);
  void remove(const NodeName& node);
  /// Runs until stop().
  async::Task<void> run();
  void stop();

 private:
  struct Entry {
    Uid uid;
    TimePoint due;
  };
  async::Task<void> renew_due();
  async::Task<void> renew(NodeName node, Uid uid);

  kube::Client& client_;
  async::Wakeup wakeup_;
  std::map<NodeName, Entry> nodes_;
  bool stopping_ = false;
};

}  // namespace skerry::edgecontroller
