#include "cloudcore/edgecontroller/cluster_watches.h"

#include <algorithm>
#include <set>

#include "cloudcore/kube/cluster_id.h"
#include "common/base/log.h"

namespace skerry::edgecontroller {
namespace {

using async::Task;
using k8s::Kind;
using kube::ChangeType;
using kube::ListWatch;

constexpr std::string_view kEdgeNodeLabel = "node-role.kubernetes.io/edge";
constexpr auto kCatchUpPatience = 10s;  // for a watch that lags behind what an edge has seen
constexpr int kPodPage = 500;

/// An object of whose existence only the key is kept: its data was dropped while listing.
bool is_stub(const ObjectPtr& object) { return !object->json; }

kube::Selection edge_nodes() {
  kube::Selection nodes;
  nodes.kind = Kind::kNode;
  nodes.label_selector = std::string(kEdgeNodeLabel);
  return nodes;
}

kube::Selection bound_pods() {
  kube::Selection pods;
  pods.kind = Kind::kPod;
  pods.field_selector = "spec.nodeName!=";
  return pods;
}

}  // namespace

ClusterWatches::ClusterWatches(async::Executor executor,
                               kube::Client& client,
                               DesiredIndex& index,
                               async::TaskGroup& tasks,
                               ClusterHandlers handlers)
    : executor_(executor),
      client_(client),
      index_(index),
      tasks_(tasks),
      handlers_(std::move(handlers)),
      stopped_(executor),
      references_(executor, client, index, tasks,
                  [this](Changes changes) { publish(std::move(changes)); }),
      intake_(client, index, tasks, [this](Changes changes) { publish(std::move(changes)); }) {}

// ---- start and stop --------------------------------------------------------------------------

void ClusterWatches::start(const Options& options) {
  references_.set_cluster_wide(options.cluster_wide_references);
  intake_.set_admission_default(options.admission_default);
  tasks_.spawn("cluster id", learn_cluster());
  watch_nodes();
  watch_pods();
  node_watch_->start();  // pods follow once it is known which nodes are at the edge
}

void ClusterWatches::stop() {
  stopping_ = true;
  node_watch_.reset();
  pod_watch_.reset();
  references_.stop();
  stopped_.notify();
}

void ClusterWatches::watch_nodes() {
  kube::ListWatchHandlers on_node;
  on_node.on_list = [this](auto list, ResourceVersion version) {
    begin_again_if_replaced();
    index_.accept_older(Kind::kNode, truth_of_list(node_watch_.get(), version));
    on_nodes(std::move(list));
    index_.accept_older(Kind::kNode, {});
  };
  on_node.on_event = [this](ChangeType type, ObjectPtr node) { on_node_event(type, node); };
  on_node.on_state = [](std::optional<Error> error) {
    if (error) log::warning("nodes cannot be watched", {*error});
  };
  node_watch_ = std::make_unique<ListWatch>(client_, executor_, edge_nodes(), std::move(on_node));
}

void ClusterWatches::watch_pods() {
  kube::ListWatchHandlers on_pod;
  on_pod.on_list = [this](auto list, ResourceVersion version) {
    begin_again_if_replaced();
    index_.accept_older(Kind::kPod, truth_of_list(pod_watch_.get(), version));
    on_pods(std::move(list));
    index_.accept_older(Kind::kPod, {});
  };
  on_pod.on_event = [this](ChangeType type, ObjectPtr pod) { on_pod_event(type, pod); };
  on_pod.on_state = [](std::optional<Error> error) {
    if (error) log::warning("pods cannot be watched", {*error});
  };
  // Other nodes' pods are many: only their keys are kept while a list is read.
  on_pod.project = [this](ObjectPtr pod) {
    if (index_.has_node(node_of(*pod))) return pod;
    auto stub = std::make_shared<k8s::Object>(*pod);
    stub->json = nullptr;
    stub->status_json = nullptr;
    return ObjectPtr(std::move(stub));
  };
  pod_watch_ = std::make_unique<ListWatch>(client_, executor_, bound_pods(), std::move(on_pod));
}

Task<void> ClusterWatches::learn_cluster() {
  Duration delay = 200ms;
  while (!stopping_ && cluster_.empty()) {
    const Result<ClusterId> answer = co_await kube::read_cluster_id(client_);
    if (answer) cluster_ = *answer;
    if (answer) break;
    log::warning("cluster id unknown yet", {answer.error()});
    co_await stopped_.wait_until(client_.world().clock.now() + delay);
    delay = std::min<Duration>(delay * 2, 10s);
  }
  check_ready();
}

/// A list below what was known. Sessions begin again, so that nothing is removed before it is known
/// which cluster this is.
void ClusterWatches::begin_again_if_replaced() {
  const std::uint64_t resets =
      node_watch_->counters().history_resets + pod_watch_->counters().history_resets;
  if (resets == resets_known_) return;
  resets_known_ = resets;
  log::warning("the Kubernetes API was restored or replaced: nodes connect again");
  ready_ = false;
  handlers_.replaced();
  const bool learning = cluster_.empty();
  cluster_ = {};
  if (!learning) tasks_.spawn("cluster id", learn_cluster());
}

void ClusterWatches::on_time(TimePoint now) {
  Changes changes;
  index_.on_time(now, changes);
  publish(std::move(changes));
}

// ---- nodes and pods --------------------------------------------------------------------------

void ClusterWatches::on_nodes(std::vector<ObjectPtr> list) {
  Changes changes;
  std::set<NodeName> listed;
  for (ObjectPtr& node : list) {
    listed.insert(NodeName(node->key.name));
    put_node(std::move(node), changes);
  }
  for (const NodeName& node : index_.nodes()) {
    if (!listed.contains(node)) remove_node(node, changes);
  }
  publish(std::move(changes));
  if (!pod_watch_->synced()) pod_watch_->start();
  check_ready();
}

void ClusterWatches::on_node_event(ChangeType type, ObjectPtr node) {
  Changes changes;
  if (type == ChangeType::kDeleted) {
    remove_node(NodeName(node->key.name), changes);
  } else {
    put_node(std::move(node), changes);
  }
  publish(std::move(changes));
}

void ClusterWatches::put_node(ObjectPtr node, Changes& changes) {
  const NodeName name(node->key.name);
  const bool is_new = !index_.has_node(name);
  const Uid uid = node->uid;
  index_.put_node(std::move(node), changes);
  if (!is_new) return;
  handlers_.node_added(name, uid);
  // Its pods may have been seen, and dropped, while it was not known to be an edge node.
  if (pod_watch_ && pod_watch_->synced()) tasks_.spawn("pods of a new node", list_pods_of(name));
}

void ClusterWatches::remove_node(const NodeName& node, Changes& changes) {
  index_.remove_node(node, changes);
  changes.erase(node);
  handlers_.node_removed(node);
}

void ClusterWatches::on_pods(std::vector<ObjectPtr> list) {
  Changes changes;
  std::map<ObjectKey, Uid> listed;
  for (ObjectPtr& pod : list) {
    listed[pod->key] = pod->uid;
    if (!is_stub(pod)) intake_.put(std::move(pod), changes);
  }
  for (const ObjectPtr& known : index_.pods()) {
    const auto found = listed.find(known->key);
    if (found != listed.end()) continue;
    intake_.remove(known->key, known->uid, changes);
  }
  publish(std::move(changes));
}

void ClusterWatches::on_pod_event(ChangeType type, ObjectPtr pod) {
  Changes changes;
  if (type == ChangeType::kDeleted) {
    intake_.remove(pod->key, pod->uid, changes);
  } else if (!is_stub(pod)) {
    intake_.put(std::move(pod), changes);
  }
  publish(std::move(changes));
}

Task<void> ClusterWatches::list_pods_of(NodeName node) {
  kube::Selection selection;
  selection.kind = Kind::kPod;
  selection.field_selector = "spec.nodeName=" + node.str();
  std::string token;
  do {
    std::function<void(std::function<void(Result<kube::ListPage>)>)> begin =
        [this, selection, token](std::function<void(Result<kube::ListPage>)> done) {
          client_.list_page(selection, token, kPodPage, std::move(done));
        };
    const Result<kube::ListPage> page =
        co_await async::from_callback<Result<kube::ListPage>>(std::move(begin));
    if (!page) {
      log::warning("pods of a new node not listed", {{"node", node.str()}, page.error()});
      co_return;
    }
    Changes changes;
    for (const std::string_view item : page->items) {
      const auto pod = k8s::make_object(Kind::kPod, item);
      if (pod) intake_.put(*pod, changes);
      if (!pod) log::warning("a pod that cannot be read is passed over", {pod.error()});
    }
    publish(std::move(changes));
    token = page->continue_token;
  } while (!token.empty() && !stopping_);
}

void ClusterWatches::publish(Changes changes) {
  handlers_.changed(std::move(changes));
  if (stopping_) return;
  references_.follow();
  check_ready();
}

void ClusterWatches::check_ready() {
  if (stopping_ || ready_) return;
  ready_ = !cluster_.empty() && node_watch_ && node_watch_->synced() && pod_watch_->synced() &&
           intake_.pending() == 0 && index_.held_pods() == 0;
  if (!ready_) return;
  log::info("the Kubernetes API is known in full", {{"cluster", cluster_.str()}});
  handlers_.ready();
}

// ---- what an edge has seen ---------------------------------------------------------------------

Task<CatchUp> ClusterWatches::catch_up(std::map<Kind, ResourceVersion> seen) {
  CatchUp pods = CatchUp::kLevel, nodes = CatchUp::kLevel;
  if (seen.contains(Kind::kPod)) {
    kube::Selection what = bound_pods();
    pods = co_await catch_up_kind(seen.at(Kind::kPod), pod_watch_.get(), what);
  }
  if (pods != CatchUp::kBehind && seen.contains(Kind::kNode) && !stopping_) {
    kube::Selection what = edge_nodes();
    nodes = co_await catch_up_kind(seen.at(Kind::kNode), node_watch_.get(), what);
  }
  co_return std::max(pods, nodes);
}

/// The edge has seen a version that this cache has not: wait for the watch, or learn by a
/// consistent read that the cluster was restored to an older state.
Task<CatchUp> ClusterWatches::catch_up_kind(ResourceVersion seen,
                                            ListWatch* watch,
                                            kube::Selection what) {
  if (watch->version() >= seen) co_return CatchUp::kLevel;
  const Result<ResourceVersion> current = co_await client_.current_version(std::move(what));
  if (current && *current < seen) co_return CatchUp::kOlder;
  const TimePoint until = client_.world().clock.now() + kCatchUpPatience;
  while (!stopping_ && watch->version() < seen && client_.world().clock.now() < until) {
    co_await async::sleep_for(50ms);
  }
  if (stopping_) co_return CatchUp::kBehind;
  co_return watch->version() >= seen ? CatchUp::kLevel : CatchUp::kBehind;
}

}  // namespace skerry::edgecontroller
