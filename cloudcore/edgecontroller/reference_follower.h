// Follows the ConfigMaps and Secrets that pods of edge nodes refer to: one watch per kind and
// namespace that has references (or per kind), and a fetch for what a running watch has already
// passed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/kube/list_watch.h"
#include "common/async/task_group.h"
#include "common/metrics/registry.h"

namespace skerry::edgecontroller {

/// For DesiredIndex::accept_older(): how far a list that `watch` (null: not known yet) delivers at
/// `version` may overrule what is known. Once the cluster was restored under this watch: all of it.
ResourceVersion truth_of_list(const kube::ListWatch* watch, ResourceVersion version);

/// Data of objects that no edge pod refers to is dropped while a list is read.
/// Owner: EdgeController. Thread: control shard. Must outlive the tasks it spawns in `tasks`.
class ReferenceFollower {
 public:
  using Changed = std::function<void(Changes)>;

  ReferenceFollower(async::Executor executor,
                    kube::Client& client,
                    DesiredIndex& index,
                    async::TaskGroup& tasks,
                    metrics::Registry& registry,
                    Changed changed);

  void set_cluster_wide(bool cluster_wide) { cluster_wide_ = cluster_wide; }
  /// Call after the index may have got or lost references.
  void follow();
  void stop();

  using Scope = std::pair<k8s::Kind, std::string>;  // kind, namespace ("": all)
  static kube::Selection selection_of(const Scope& scope);
  /// Where the objects of this kind are that pods of this node refer to.
  std::set<Scope> scopes_of(const NodeName& node, k8s::Kind kind) const;
  /// Null: not watched. Valid until the next call of anything.
  const kube::ListWatch* find(const Scope& scope) const;
  /// Lists anew, unless the watch has come as far as `seen` or is listing already.
  void relist(const Scope& scope, ResourceVersion seen);

 private:

  void watch(Scope scope);
  void on_list(const Scope& scope, std::vector<ObjectPtr> list);
  async::Task<void> fetch(ObjectKey key);

  async::Executor executor_;
  kube::Client& client_;
  DesiredIndex& index_;
  async::TaskGroup& tasks_;
  metrics::Registry& registry_;
  Changed changed_;
  std::map<Scope, std::unique_ptr<kube::ListWatch>> watches_;
  std::set<ObjectKey> fetching_;
  bool cluster_wide_ = false;
  bool stopping_ = false;
};

}  // namespace skerry::edgecontroller
