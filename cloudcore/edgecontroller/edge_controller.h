// Which node needs what, and what the nodes say back. The way of a pod through this module:
// cluster_watches -> pod_intake (offline policy) -> desired_index -> node_sessions -> NodeFeed; the
// way of a report: node_sessions -> report_writer -> Kubernetes API. Source: design.md sections 3
// to 6.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/node_record.h"
#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/metrics/registry.h"

namespace skerry::edgecontroller {

struct Options {
  bool cluster_wide_references = false;  // one watch per kind instead of one per kind and namespace
  std::chrono::seconds admission_default{300};  // see OfflinePolicy
};

/// What this cloudcore knows of one node.
struct NodeView {
  bool ready = false;  // else the rest is not the whole truth yet
  bool at_edge = false;
  std::optional<Epoch> live;  // its session here
  bool foreign = false;       // connected, but of another cluster: it waits to be accepted
  std::size_t desired = 0;    // objects the node should hold
  std::vector<PodReferences> incomplete_pods;
};

/// Owner: App. Thread: calls from any; the work is on `executor` (the control shard).
/// Errors: an API that is away is waited for; sessions get Goodbye{kNotReady} meanwhile.
class EdgeController final : public cloudhub::NodeBackend {
 public:
  EdgeController(async::Executor executor,
                 kube::Client& client,
                 NodeRecords& records,
                 metrics::Registry& registry,
                 Options options);
  ~EdgeController() override;

  void start();
  /// Ends watches and writes; every callback that is due is still made. Await before destruction.
  async::Task<void> stop();

  /// Every first list is whole: what /readyz says.
  bool ready() const;
  /// On the control shard.
  NodeView view(const NodeName& node) const;

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
