// Which node needs what: pods by node, the ConfigMaps and Secrets they refer to, and the Node
// itself. Pure: objects and time in; changes per node and wishes (what to watch, what to fetch)
// out. Source: design.md sections 3 and 4.4.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/node_backend.h"
#include "common/base/units.h"
#include "common/k8s/object.h"

namespace skerry::edgecontroller {

using cloudhub::DesiredChange;
using k8s::ObjectKey;
using k8s::ObjectPtr;

/// What one input changes for each node, in an order that may be sent as it is.
using Changes = std::map<NodeName, std::vector<DesiredChange>>;

/// A pod with what decides where it goes and what comes along.
struct PodEntry {
  ObjectPtr object;
  NodeName node;
  std::set<ObjectKey> references;
};

/// What a pod refers to and the API does not have, as far as it is known here.
struct PodReferences {
  ObjectKey pod;
  std::vector<ObjectKey> unknown;  // the pod is not sent before it is known whether they exist
  std::vector<ObjectKey> absent;
};

/// A pod enters its node's desired set when every reference is known: present, or known not to
/// exist. A reference leaves kReferenceLinger after the last pod of the node that uses it is gone.
/// Owner: EdgeController. Thread: control shard. Size: pods of edge nodes and what they refer to.
class DesiredIndex {
 public:
  // ---- edge nodes
  void put_node(ObjectPtr node, Changes& out);
  void remove_node(const NodeName& node, Changes& out);
  bool has_node(const NodeName& node) const { return nodes_.contains(node); }
  ObjectPtr node(const NodeName& node) const;
  std::vector<NodeName> nodes() const;

  // ---- pods
  void put_pod(PodEntry pod, TimePoint now, Changes& out);
  void remove_pod(const ObjectKey& key, const Uid& uid, TimePoint now, Changes& out);
  /// The pod as the API had it last, on whatever edge node; null when unknown.
  const PodEntry* pod(const ObjectKey& key) const;
  std::vector<ObjectPtr> pods() const;

  /// Around the putting of a whole list: what is known of this kind at or below `upto` may be
  /// replaced by something older, because the list is the truth at its version, and the cluster may
  /// have been restored from a backup. The list's version; the highest when a list below what was
  /// delivered before was accepted; 0 afterwards.
  void accept_older(k8s::Kind kind, ResourceVersion upto);

  // ---- references
  /// An object of a reference kind as the API has it now; dropped at once unless referenced.
  void put_reference(ObjectPtr object, Changes& out);
  /// It does not exist, whatever was known.
  void reference_absent(const ObjectKey& key, Changes& out);
  /// A watch says that this state was the last. Nothing changes when a newer one is known: a fetch
  /// may have been ahead of the watch.
  void reference_deleted(const ObjectPtr& last_state, Changes& out);
  /// A fetch found nothing. What a watch has told meanwhile is newer.
  void reference_not_found(const ObjectKey& key, Changes& out);
  /// A whole list of one kind (and namespace; empty: all): what is referenced and not in it is
  /// absent, except `untold`, keys that exist but whose data was not kept, and what a fetch found
  /// in a later state than the list's (see accept_older()).
  void put_reference_list(k8s::Kind kind,
                          const std::string& ns,
                          const std::vector<ObjectPtr>& list,
                          const std::set<ObjectKey>& untold,
                          Changes& out);
  bool is_referenced(const ObjectKey& key) const { return references_.contains(key); }
  /// Referenced keys whose state nobody has told yet, each named once.
  std::vector<ObjectKey> take_wanted();
  /// Namespaces with at least one reference.
  std::set<std::string> reference_namespaces() const;

  void on_time(TimePoint now, Changes& out);
  std::optional<TimePoint> next_deadline() const;

  /// Pods that wait for a reference to become known.
  std::size_t held_pods() const { return held_.size(); }
  /// Pods of this node that refer to something that is not there.
  std::vector<PodReferences> incomplete_pods(const NodeName& node) const;
  /// How many objects are held, by kind.
  std::map<k8s::Kind, std::size_t> sizes() const;
  /// What pods of this node refer to, held ones among them.
  std::set<ObjectKey> references_of(const NodeName& node) const;
  /// The whole desired set of a node, references before pods.
  std::vector<ObjectPtr> desired(const NodeName& node) const;

 private:
  enum class Knowledge : std::uint8_t { kUnknown, kPresent, kAbsent };
  struct Reference {
    Knowledge knowledge = Knowledge::kUnknown;
    ObjectPtr object;
    ResourceVersion deleted_at;  // a fetch may answer later than the watch, and with an older state
    std::map<NodeName, std::set<ObjectKey>> users;  // pods per node
    std::map<NodeName, TimePoint> lingering;        // nodes without users, until when
  };

  void add_user(const ObjectKey& reference, const PodEntry& pod, Changes& out);
  void drop_users(const PodEntry& pod, TimePoint now);
  void reference_known(const ObjectKey& key, Changes& out);
  void release_held(Changes& out);
  bool references_known(const PodEntry& pod) const;
  void publish(const ObjectPtr& object, const NodeName& node, Changes& out);
  bool is_older(const ObjectPtr& candidate, const ObjectPtr& have) const;
  ResourceVersion accepted(k8s::Kind kind) const;

  std::map<k8s::Kind, ResourceVersion> accept_older_;
  std::map<NodeName, ObjectPtr> nodes_;
  std::map<ObjectKey, PodEntry> pods_;
  std::map<NodeName, std::set<ObjectKey>> pods_of_;  // published ones
  std::map<ObjectKey, Reference> references_;
  std::set<ObjectKey> held_;
  std::set<ObjectKey> wanted_;
};

}  // namespace skerry::edgecontroller
