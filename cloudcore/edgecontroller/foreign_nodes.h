// Connected nodes whose store belongs to another cluster. They keep what they run and get nothing
// until an administrator accepts them (`cloudcore node accept`): then their session ends, and the
// next one is like any other's. Source: design.md section 4.2.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/edgecontroller/node_record.h"
#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/metrics/registry.h"
#include "common/seam/world.h"

namespace skerry::edgecontroller {

inline constexpr auto kAcceptancePoll = std::chrono::seconds(2);  // as the deny list's

/// Owner: EdgeController. Thread: control shard. API: one read per waiting node and poll, none
/// while there is no such node.
class ForeignNodes {
 public:
  ForeignNodes(async::Executor executor,
               seam::World world,
               NodeRecords& records,
               const ClusterId& cluster,
               metrics::Gauge& count);

  void add(NodeName node, Epoch epoch, std::shared_ptr<cloudhub::NodeFeed> feed);
  /// Its session has ended.
  void remove(const NodeName& node, Epoch epoch);

  bool has(const NodeName& node) const;

  /// This cluster may have become another: they are to ask again.
  void end_all(const lane::Goodbye& goodbye);

  /// Until stop().
  async::Task<void> run();
  void stop();

 private:
  using Session = std::pair<NodeName, Epoch>;

  async::Task<void> look();

  seam::World world_;
  NodeRecords& records_;
  const ClusterId& cluster_;  // the owner's; empty until it is known
  metrics::Gauge& count_;
  async::Wakeup wakeup_;
  std::map<Session, std::shared_ptr<cloudhub::NodeFeed>> waiting_;
  bool stopping_ = false;
};

}  // namespace skerry::edgecontroller
