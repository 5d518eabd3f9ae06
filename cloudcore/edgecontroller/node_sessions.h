// The live sessions of edge nodes: opened with what DesiredIndex holds for the node, fed with every
// change after it, and served with tokens and the writing of reports.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/edgecontroller/cluster_watches.h"
#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/foreign_nodes.h"
#include "cloudcore/edgecontroller/node_leases.h"
#include "cloudcore/edgecontroller/node_record.h"
#include "cloudcore/edgecontroller/report_writer.h"
#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/metrics/registry.h"

namespace skerry::edgecontroller {

/// Owner: EdgeController. Thread: control shard. Must outlive the tasks it spawns in `tasks`.
/// The calls are NodeBackend's; their answers are given on the control shard.
class NodeSessions {
 public:
  struct Parts {
    kube::Client& client;
    NodeRecords& records;
    DesiredIndex& index;
    ClusterWatches& watches;
    async::TaskGroup& tasks;
    metrics::Registry& registry;
  };

  NodeSessions(async::Executor executor, const Parts& parts);

  void start();
  /// Ends what still waits to be opened.
  void stop();
  void on_time(TimePoint now);

  // ---- from the watches
  void deliver(Changes changes);
  void node_added(const NodeName& node, const Uid& uid);
  void node_removed(const NodeName& node);
  /// Whoever waits for the whole truth is answered.
  void cluster_ready();
  /// Every session ends, to begin again when it is known what the cluster is now.
  void cluster_replaced();

  /// The epoch of the node's live session.
  std::optional<Epoch> live(const NodeName& node) const;
  /// It is connected, and waits for an administrator: see ForeignNodes.
  bool is_foreign(const NodeName& node) const { return foreign_.has(node); }

  // ---- from the hub
  void open(cloudhub::OpenRequest request,
            std::shared_ptr<cloudhub::NodeFeed> feed,
            std::function<void(cloudhub::OpenAnswer)> done);
  void close(NodeName node, Epoch epoch, std::function<void()> done);
  void apply(NodeName node,
             Epoch epoch,
             StoreId store,
             lane::Report report,
             std::function<void(lane::ReportVerdict)> done);
  void prepare_pod(ObjectPtr pod, std::function<void(cloudhub::PodPrelude)> done);
  void token(NodeName node, lane::TokenQuery query, std::function<void(lane::TokenGrant)> done);
  void refused(const NodeName& node, const ObjectPtr& object, const lane::Nack& nack);

 private:
  struct Session {
    Epoch epoch;
    std::shared_ptr<cloudhub::NodeFeed> feed;
    std::size_t writes = 0;           // API writes under way for this epoch
    std::function<void()> when_idle;  // set by close()
  };
  struct PendingOpen {
    cloudhub::OpenRequest request;
    std::shared_ptr<cloudhub::NodeFeed> feed;
    std::function<void(cloudhub::OpenAnswer)> done;
    TimePoint until;
  };

  async::Task<void> answer_open(PendingOpen pending);
  /// Nothing: the node may come in. Else why not.
  async::Task<std::optional<lane::Goodbye>> catch_up(NodeName node,
                                                     std::map<k8s::Kind, ResourceVersion> seen);
  cloudhub::Opened opened_for(const PendingOpen& pending);
  cloudhub::Opened foreign(const PendingOpen& pending);
  async::Task<void> write_report(NodeName node,
                                 Epoch epoch,
                                 StoreId store,
                                 lane::Report report,
                                 std::function<void(lane::ReportVerdict)> done);
  void count(lane::ReportKind kind, lane::Verdict verdict, Duration took);
  void write_done(const NodeName& node, Epoch epoch);
  async::Task<void> make_prelude(ObjectPtr pod, std::function<void(cloudhub::PodPrelude)> done);
  async::Task<void> grant(NodeName node,
                          lane::TokenQuery query,
                          std::function<void(lane::TokenGrant)> done);
  async::Task<void> write_event(ObjectKey about, std::string event);

  kube::Client& client_;
  NodeRecords& records_;
  DesiredIndex& index_;
  ClusterWatches& watches_;
  async::TaskGroup& tasks_;
  metrics::Registry& registry_;
  ReportWriter writer_;
  NodeLeases leases_;
  ForeignNodes foreign_;
  metrics::Counter& restored_;
  bool stopping_ = false;

  std::map<NodeName, Session> sessions_;
  std::map<std::pair<NodeName, Epoch>, Session> closing_;
  std::vector<PendingOpen> pending_opens_;
  std::set<std::pair<NodeName, Epoch>> opening_;  // being answered; close() takes them out
};

}  // namespace skerry::edgecontroller
