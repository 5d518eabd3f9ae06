// Which node needs what, and what the nodes say back. The way of a pod through this module:
// edge_controller.cc (watches, offline policy) -> desired_index -> NodeFeed; the way of a report:
// report_writer -> Kubernetes API. Source: design.md sections 3 to 6.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/seam/world.h"

namespace skerry::edgecontroller {

/// What joining left on record about a node.
struct NodeRecord {
  std::map<std::string, std::string> labels;  // for the Node's creation
  bool registered = false;  // the Node was created since the last join: if missing, it was deleted
};

/// Asked on the control shard. Implementation: App's, over cloudhub's identity store.
class NodeRecords {
 public:
  virtual ~NodeRecords() = default;
  /// A node that never joined here has an empty record.
  virtual async::Task<Result<NodeRecord>> find(NodeName node) = 0;
  virtual async::Task<Result<void>> set_registered(NodeName node) = 0;
};

struct Options {
  bool cluster_wide_references = false;  // one watch per kind instead of one per kind and namespace
  std::chrono::seconds admission_default{300};  // see OfflinePolicy
};

/// Owner: App. Thread: calls from any; the work is on `executor` (the control shard).
/// Errors: an API that is away is waited for; sessions get Goodbye{kNotReady} meanwhile.
class EdgeController final : public cloudhub::NodeBackend {
 public:
  EdgeController(async::Executor executor,
                 kube::Client& client,
                 NodeRecords& records,
                 Options options);
  ~EdgeController() override;

  void start();
  /// Ends watches and writes; every callback that is due is still made. Await before destruction.
  async::Task<void> stop();

  /// Every first list is whole: what /readyz says.
  bool ready() const;

  void open(cloudhub::OpenRequest request,
            std::shared_ptr<cloudhub::NodeFeed> feed,
            std::function<void(cloudhub::OpenAnswer)> done) override;
  void close(const NodeName& node, Epoch epoch, std::function<void()> done) override;
  void apply(const NodeName& node,
             Epoch epoch,
             StoreId store,
             lane::Report report,
             std::function<void(lane::ReportVerdict)> done) override;
  void prepare_pod(const NodeName& node,
                   k8s::ObjectPtr pod,
                   std::function<void(cloudhub::PodPrelude)> done) override;
  void token(const NodeName& node,
             lane::TokenQuery query,
             std::function<void(lane::TokenGrant)> done) override;
  void refused(const NodeName& node, k8s::ObjectPtr object, lane::Nack nack) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace skerry::edgecontroller
