// One report of an edge node, authorized and written to the Kubernetes API.
// Source: design.md 4.7 and section 6.
#pragma once

#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/node_record.h"
#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/lane/message.h"

namespace skerry::edgecontroller {

/// Who may report what: its own Node, and pods bound to it. Pure.
/// Ok: allowed. kNotFound: the object is gone (a finalised report is then done). kForbidden: not
/// this node's.
Result<void> authorize(const DesiredIndex& index, const NodeName& node, const lane::Report& report);

/// Owner: EdgeController. Thread: control shard. The session keeps reports of one key in order.
class ReportWriter {
 public:
  ReportWriter(kube::Client& client, const DesiredIndex& index, NodeRecords& records)
      : client_(client), index_(index), records_(records) {}

  async::Task<lane::ReportVerdict> write(NodeName node, StoreId store, lane::Report report);

 private:
  async::Task<Result<void>> write_pod_status(lane::Report report);
  async::Task<Result<void>> write_node(NodeName node, lane::Report report);
  async::Task<Result<void>> write_event(NodeName node, StoreId store, lane::Report report);
  async::Task<Result<void>> finalise_pod(lane::Report report);

  kube::Client& client_;
  const DesiredIndex& index_;
  NodeRecords& records_;
};

}  // namespace skerry::edgecontroller
