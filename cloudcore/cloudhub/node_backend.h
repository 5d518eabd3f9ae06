// What the hub asks of the controllers about one node. edgecontroller implements it.
//
// Threads: every call may come from any hub shard and returns at once; the work is done on the
// control shard. Callbacks and NodeFeed calls are made on the control shard: the hub posts to its
// own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/lane/message.h"

namespace skerry::cloudhub {

/// One step of a node's desired set. A null object: no longer desired.
/// `content` may be unchanged while status_hash differs: the API's status moved.
struct DesiredChange {
  k8s::ObjectKey key;
  Uid uid;
  k8s::ObjectPtr object;
  lane::RemoveReason reason = lane::RemoveReason::kDeleted;
};

/// One live session as the controllers see it.
class NodeFeed {
 public:
  virtual ~NodeFeed() = default;
  /// Changes after the snapshot, in order.
  virtual void desired(std::vector<DesiredChange> changes) = 0;
  /// The controllers end the session: the Node was deleted, the certificate revoked, ...
  virtual void end(lane::Goodbye goodbye) = 0;
};

struct OpenRequest {
  NodeName node;
  Epoch epoch;
  ClusterId cluster;                          // as the edge remembers it; may be empty
  std::map<k8s::Kind, ResourceVersion> seen;  // highest per kind at the edge
};

struct Opened {
  ClusterId cluster;
  bool foreign_cluster = false;
  std::vector<k8s::ObjectPtr> desired;  // the whole set
};
using OpenAnswer = std::variant<Opened, lane::Goodbye>;

/// Tokens and status of a pod uid that the edge's store lacks.
struct PodPrelude {
  std::vector<lane::TokenGrant> tokens;
  std::optional<std::string> status_seed;
};

class NodeBackend {
 public:
  virtual ~NodeBackend() = default;

  /// Answers when the truth is known (every first list whole, references computed, caught up with
  /// `seen`), else a Goodbye{kNotReady}. From an Opened on, `feed` gets every change until close().
  virtual void open(OpenRequest request,
                    std::shared_ptr<NodeFeed> feed,
                    std::function<void(OpenAnswer)> done) = 0;
  /// `done` runs when the API writes of this epoch have ended or been cancelled.
  virtual void close(const NodeName& node, Epoch epoch, std::function<void()> done) = 0;

  /// The caller has checked nothing but the certificate: authorization is done here.
  virtual void apply(const NodeName& node,
                     Epoch epoch,
                     StoreId store,
                     lane::Report report,
                     std::function<void(lane::ReportVerdict)> done) = 0;
  virtual void prepare_pod(const NodeName& node,
                           k8s::ObjectPtr pod,
                           std::function<void(PodPrelude)> done) = 0;
  virtual void token(const NodeName& node,
                     lane::TokenQuery query,
                     std::function<void(lane::TokenGrant)> done) = 0;
  /// An object the edge refused to apply: becomes an Event.
  virtual void refused(const NodeName& node, k8s::ObjectPtr object, lane::Nack nack) = 0;
};

}  // namespace skerry::cloudhub
