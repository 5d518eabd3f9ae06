#include "cloudcore/edgecontroller/cluster_watches.h"

#include <algorithm>
#include <set>

#include "cloudcore/edgecontroller/controller_metrics.h"
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
                               metrics::Registry& registry,
                               ClusterHandlers handlers)
    : executor_(executor),
      client_(client),
      index_(index),
      tasks_(tasks),
      registry_(registry),
      handlers_(std::move(handlers)),
      stopped_(executor),
      references_(executor, client, index, tasks, registry,
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
    count_list(registry_, Kind::kNode);
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
    count_list(registry_, Kind::kPod);
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
  measure();
}

void ClusterWatches::measure() {
  for (const auto& [kind, count] : index_.sizes()) {
    registry_.gauge(kObjects, {{"kind", std::string(k8s::info(kind).wire)}})
        .set(static_cast<std::int64_t>(count));
  }
  registry_.gauge(kPodsHeld).set(static_cast<std::int64_t>(index_.held_pods()));
  registry_.gauge(kPodsBeingPatched).set(static_cast<std::int64_t>(intake_.pending()));
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
    if (node_lists_ > 0) ended_while_listing_.insert(pod->uid);
    intake_.remove(pod->key, pod->uid, changes);
  } else if (!is_stub(pod)) {
    intake_.put(std::move(pod), changes);
  }
  publish(std::move(changes));
}

Task<void> ClusterWatches::list_pods_of(NodeName node) {
  ++node_lists_;
  co_await list_pages_of(std::move(node));
  if (--node_lists_ == 0) ended_while_listing_.clear();
}

Task<void> ClusterWatches::list_pages_of(NodeName node) {
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
      if (pod && !ended_while_listing_.contains((*pod)->uid)) intake_.put(*pod, changes);
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

Task<CatchUp> ClusterWatches::catch_up(NodeName node, std::map<Kind, ResourceVersion> seen) {
  CatchUp all = CatchUp::kLevel;
  for (const auto& [kind, version] : seen) {
    std::vector<CatchUpCall> calls = feeds_of(node, kind, version);
    for (CatchUpCall& call : calls) {
      all = std::max(all, co_await edgecontroller::catch_up(client_, std::move(call)));
      if (all == CatchUp::kBehind || stopping_) co_return CatchUp::kBehind;
    }
  }
  co_return all;
}

std::vector<CatchUpCall> ClusterWatches::feeds_of(const NodeName& node,
                                                  Kind kind,
                                                  ResourceVersion seen) {
  CatchUpCall call;
  call.seen = seen;
  call.until = client_.world().clock.now() + kCatchUpPatience;
  const auto progress_of = [](const ListWatch* watch) {
    return watch ? std::optional<Progress>({watch->synced(), watch->version()}) : std::nullopt;
  };
  if (kind == Kind::kPod) {
    call.selection = bound_pods();
    call.progress = [this, progress_of] { return progress_of(pod_watch_.get()); };
    return {call};
  }
  if (kind == Kind::kNode) {
    call.selection = edge_nodes();
    call.progress = [this, progress_of] { return progress_of(node_watch_.get()); };
    return {call};
  }
  std::vector<CatchUpCall> calls;
  for (const ReferenceFollower::Scope& scope : references_.scopes_of(node, kind)) {
    call.selection = ReferenceFollower::selection_of(scope);
    // A namespace that is left alone may be behind what was seen in another one for a minute.
    call.relist = [this, scope, seen] { references_.relist(scope, seen); };
    call.progress = [this, scope, progress_of]() -> std::optional<Progress> {
      if (stopping_) return std::nullopt;
      const ListWatch* watch = references_.find(scope);
      return watch ? progress_of(watch) : Progress{true, ResourceVersion(~std::uint64_t{0})};
    };
    calls.push_back(call);
  }
  return calls;
}

}  // namespace skerry::edgecontroller
