#include "cloudcore/edgecontroller/edge_controller.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/node_leases.h"
#include "cloudcore/edgecontroller/pod_intake.h"
#include "cloudcore/edgecontroller/pod_tokens.h"
#include "cloudcore/edgecontroller/reference_follower.h"
#include "cloudcore/edgecontroller/report_patches.h"
#include "cloudcore/edgecontroller/report_writer.h"
#include "cloudcore/kube/list_watch.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::edgecontroller {
namespace {

using async::Task;
using cloudhub::NodeFeed;
using k8s::Kind;
using k8s::ObjectKey;
using k8s::ObjectPtr;
using kube::ChangeType;
using kube::ListWatch;

constexpr std::string_view kEdgeNodeLabel = "node-role.kubernetes.io/edge";
constexpr auto kNotReadyRetry = 1s;
constexpr auto kOpenPatience = 30s;     // below SessionProtocol::kOpenDeadline
constexpr auto kCatchUpPatience = 10s;  // for a watch that lags behind what an edge has seen
constexpr int kPodPage = 500;

/// An object of whose existence only the key is kept: its data was dropped while listing.
bool is_stub(const ObjectPtr& object) { return !object->json; }

}  // namespace

struct EdgeController::Impl : std::enable_shared_from_this<EdgeController::Impl> {
  struct Session {
    Epoch epoch;
    std::shared_ptr<NodeFeed> feed;
    std::size_t writes = 0;           // API writes under way for this epoch
    std::function<void()> when_idle;  // set by close()
  };
  struct PendingOpen {
    cloudhub::OpenRequest request;
    std::shared_ptr<NodeFeed> feed;
    std::function<void(cloudhub::OpenAnswer)> done;
    TimePoint until;
  };

  Impl(async::Executor e, kube::Client& c, NodeRecords& r, Options o)
      : executor(e),
        client(c),
        records(r),
        writer(c, index, r),
        leases(e, c),
        tasks(e),
        timer(e),
        references(e, c, index, tasks, [this](Changes changes) { changed(std::move(changes)); }),
        intake(c, index, tasks, [this](Changes changes) { changed(std::move(changes)); }) {
    references.set_cluster_wide(o.cluster_wide_references);
    intake.set_admission_default(o.admission_default);
  }

  // ---- start and stop
  void start();
  Task<void> stop();
  Task<void> learn_cluster();
  Task<void> keep_time();

  // ---- watches
  void on_nodes(std::vector<ObjectPtr> list);
  void on_node_event(ChangeType type, ObjectPtr node);
  void put_node(ObjectPtr node, Changes& changes);
  void remove_node(const NodeName& node, Changes& changes);
  void on_pods(std::vector<ObjectPtr> list);
  void on_pod_event(ChangeType type, ObjectPtr pod);
  Task<void> list_pods_of(NodeName node);
  /// Sends the changes to the nodes' sessions and follows what they mean for watches and readiness.
  void changed(Changes changes);

  // ---- sessions
  bool ready() const;
  void check_ready();
  void open(PendingOpen pending);
  Task<void> answer_open(PendingOpen pending);
  Task<bool> catch_up(const cloudhub::OpenRequest& request);
  Task<bool> catch_up_kind(Kind kind, ResourceVersion seen, ListWatch* watch, kube::Selection what);
  void close(NodeName node, Epoch epoch, std::function<void()> done);
  Task<void> apply(NodeName node,
                   Epoch epoch,
                   StoreId store,
                   lane::Report report,
                   std::function<void(lane::ReportVerdict)> done);
  Task<void> prepare_pod(ObjectPtr pod, std::function<void(cloudhub::PodPrelude)> done);
  Task<void> token(NodeName node,
                   lane::TokenQuery query,
                   std::function<void(lane::TokenGrant)> done);
  Task<void> write_event(ObjectKey about, std::string event);
  void write_done(const NodeName& node, Epoch epoch);

  async::Executor executor;
  kube::Client& client;
  NodeRecords& records;
  DesiredIndex index;
  ReportWriter writer;
  NodeLeases leases;
  async::TaskGroup tasks;
  async::Wakeup timer;
  ReferenceFollower references;
  PodIntake intake;
  bool stopping = false;

  ClusterId cluster;
  std::unique_ptr<ListWatch> node_watch;
  std::unique_ptr<ListWatch> pod_watch;
  bool was_ready = false;

  std::map<NodeName, Session> sessions;
  std::map<std::pair<NodeName, Epoch>, Session> closing;
  std::vector<PendingOpen> pending_opens;
  std::set<std::pair<NodeName, Epoch>> opening;  // being answered; close() takes them out
};

// ---- start and stop --------------------------------------------------------------------------

void EdgeController::Impl::start() {
  const auto self = shared_from_this();
  tasks.spawn("leases", leases.run());
  tasks.spawn("cluster id", learn_cluster());
  tasks.spawn("references' time", keep_time());

  kube::Selection nodes;
  nodes.kind = Kind::kNode;
  nodes.label_selector = std::string(kEdgeNodeLabel);
  kube::ListWatchHandlers on_node;
  on_node.on_list = [this](auto list, ResourceVersion version) {
    index.accept_older(Kind::kNode, truth_of_list(node_watch.get(), version));
    on_nodes(std::move(list));
    index.accept_older(Kind::kNode, {});
  };
  on_node.on_event = [this](ChangeType type, ObjectPtr node) { on_node_event(type, node); };
  on_node.on_state = [](std::optional<Error> error) {
    if (error) log::warning("nodes cannot be watched", {*error});
  };
  node_watch = std::make_unique<ListWatch>(client, executor, nodes, std::move(on_node));

  kube::Selection pods;
  pods.kind = Kind::kPod;
  pods.field_selector = "spec.nodeName!=";
  kube::ListWatchHandlers on_pod;
  on_pod.on_list = [this](auto list, ResourceVersion version) {
    index.accept_older(Kind::kPod, truth_of_list(pod_watch.get(), version));
    on_pods(std::move(list));
    index.accept_older(Kind::kPod, {});
  };
  on_pod.on_event = [this](ChangeType type, ObjectPtr pod) { on_pod_event(type, pod); };
  on_pod.on_state = [](std::optional<Error> error) {
    if (error) log::warning("pods cannot be watched", {*error});
  };
  // Other nodes' pods are many: only their keys are kept while a list is read.
  on_pod.project = [this](ObjectPtr pod) {
    if (index.has_node(node_of(*pod))) return pod;
    auto stub = std::make_shared<k8s::Object>(*pod);
    stub->json = nullptr;
    stub->status_json = nullptr;
    return ObjectPtr(std::move(stub));
  };
  pod_watch = std::make_unique<ListWatch>(client, executor, pods, std::move(on_pod));
  node_watch->start();  // pods follow once it is known which nodes are at the edge
}

Task<void> EdgeController::Impl::stop() {
  const auto self = shared_from_this();
  stopping = true;
  node_watch.reset();
  pod_watch.reset();
  references.stop();
  leases.stop();
  timer.notify();
  for (PendingOpen& pending : std::exchange(pending_opens, {})) {
    pending.done(
        lane::Goodbye{lane::GoodbyeCode::kShutdown, "cloudcore goes down", kNotReadyRetry});
  }
  co_await tasks.join();
}

Task<void> EdgeController::Impl::learn_cluster() {
  const auto self = shared_from_this();
  Duration delay = 200ms;
  while (!stopping && cluster.empty()) {
    const ObjectKey kube_system{Kind::kNamespace, "", "kube-system"};
    const auto answer = co_await client.get(kube_system);
    if (answer) {
      const auto json = nlohmann::json::parse(*answer, nullptr, false);
      cluster = ClusterId(k8s::text_field(k8s::object_field(json, "metadata"), "uid"));
    }
    if (!cluster.empty()) break;
    if (!answer) log::warning("cluster id unknown yet", {answer.error()});
    co_await timer.wait_until(client.world().clock.now() + delay);
    delay = std::min<Duration>(delay * 2, 10s);
  }
  check_ready();
}

Task<void> EdgeController::Impl::keep_time() {
  const auto self = shared_from_this();
  while (!stopping) {
    const TimePoint now = client.world().clock.now();
    Changes changes;
    index.on_time(now, changes);
    changed(std::move(changes));
    std::vector<PendingOpen> late;
    std::erase_if(pending_opens, [&](PendingOpen& pending) {
      if (pending.until > now) return false;
      late.push_back(std::move(pending));
      return true;
    });
    for (PendingOpen& pending : late) {
      pending.done(lane::Goodbye{lane::GoodbyeCode::kNotReady,
                                 "the Kubernetes API has not been listed yet", kNotReadyRetry});
    }
    co_await async::sleep_for(1s);
  }
}

// ---- watches ---------------------------------------------------------------------------------

void EdgeController::Impl::on_nodes(std::vector<ObjectPtr> list) {
  Changes changes;
  std::set<NodeName> listed;
  for (ObjectPtr& node : list) {
    listed.insert(NodeName(node->key.name));
    put_node(std::move(node), changes);
  }
  for (const NodeName& node : index.nodes()) {
    if (!listed.contains(node)) remove_node(node, changes);
  }
  changed(std::move(changes));
  if (!pod_watch->synced()) pod_watch->start();
  check_ready();
}

void EdgeController::Impl::on_node_event(ChangeType type, ObjectPtr node) {
  Changes changes;
  if (type == ChangeType::kDeleted) {
    remove_node(NodeName(node->key.name), changes);
  } else {
    put_node(std::move(node), changes);
  }
  changed(std::move(changes));
}

void EdgeController::Impl::put_node(ObjectPtr node, Changes& changes) {
  const NodeName name(node->key.name);
  const bool is_new = !index.has_node(name);
  const Uid uid = node->uid;
  index.put_node(std::move(node), changes);
  if (!is_new) return;
  if (sessions.contains(name)) leases.add(name, uid);
  // Its pods may have been seen, and dropped, while it was not known to be an edge node.
  if (pod_watch && pod_watch->synced()) tasks.spawn("pods of a new node", list_pods_of(name));
}

void EdgeController::Impl::remove_node(const NodeName& node, Changes& changes) {
  index.remove_node(node, changes);
  changes.erase(node);
  const auto session = sessions.find(node);
  if (session == sessions.end()) return;
  leases.remove(node);
  session->second.feed->end(lane::Goodbye{lane::GoodbyeCode::kNodeGone,
                                          "the Node was deleted: `edgecore join` brings it back",
                                          kGoodbyeDelayMax});
}

void EdgeController::Impl::on_pods(std::vector<ObjectPtr> list) {
  Changes changes;
  std::map<ObjectKey, Uid> listed;
  for (ObjectPtr& pod : list) {
    listed[pod->key] = pod->uid;
    if (!is_stub(pod)) intake.put(std::move(pod), changes);
  }
  for (const ObjectPtr& known : index.pods()) {
    const auto found = listed.find(known->key);
    if (found != listed.end()) continue;
    intake.remove(known->key, known->uid, changes);
  }
  changed(std::move(changes));
}

void EdgeController::Impl::on_pod_event(ChangeType type, ObjectPtr pod) {
  Changes changes;
  if (type == ChangeType::kDeleted) {
    intake.remove(pod->key, pod->uid, changes);
  } else if (!is_stub(pod)) {
    intake.put(std::move(pod), changes);
  }
  changed(std::move(changes));
}

Task<void> EdgeController::Impl::list_pods_of(NodeName node) {
  const auto self = shared_from_this();
  kube::Selection selection;
  selection.kind = Kind::kPod;
  selection.field_selector = "spec.nodeName=" + node.str();
  std::string token;
  do {
    std::function<void(std::function<void(Result<kube::ListPage>)>)> begin =
        [this, selection, token](std::function<void(Result<kube::ListPage>)> done) {
          client.list_page(selection, token, kPodPage, std::move(done));
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
      if (pod) intake.put(*pod, changes);
      if (!pod) log::warning("a pod that cannot be read is passed over", {pod.error()});
    }
    changed(std::move(changes));
    token = page->continue_token;
  } while (!token.empty() && !stopping);
}

void EdgeController::Impl::changed(Changes changes) {
  for (auto& [node, list] : changes) {
    const auto session = sessions.find(node);
    if (session != sessions.end()) session->second.feed->desired(std::move(list));
  }
  if (stopping) return;
  references.follow();
  check_ready();
}

// ---- sessions --------------------------------------------------------------------------------

bool EdgeController::Impl::ready() const {
  return was_ready || (!cluster.empty() && node_watch && node_watch->synced() &&
                       pod_watch->synced() && intake.pending() == 0 && index.held_pods() == 0);
}

void EdgeController::Impl::check_ready() {
  if (stopping || !ready()) return;
  if (!was_ready) log::info("the Kubernetes API is known in full", {{"cluster", cluster.str()}});
  was_ready = true;
  for (PendingOpen& pending : std::exchange(pending_opens, {})) {
    tasks.spawn("open session", answer_open(std::move(pending)));
  }
}

void EdgeController::Impl::open(PendingOpen pending) {
  pending.until = client.world().clock.now() + kOpenPatience;
  pending_opens.push_back(std::move(pending));
  check_ready();
}

Task<void> EdgeController::Impl::answer_open(PendingOpen pending) {
  const auto self = shared_from_this();
  const NodeName node = pending.request.node;
  if (!index.has_node(node)) {
    const Result<NodeRecord> record = co_await records.find(node);
    if (!record) {
      pending.done(
          lane::Goodbye{lane::GoodbyeCode::kNotReady, record.error().what, kNotReadyRetry});
      co_return;
    }
    if (record->registered && !index.has_node(node)) {
      pending.done(lane::Goodbye{lane::GoodbyeCode::kNodeGone,
                                 "the Node was deleted: `edgecore join` brings it back",
                                 kGoodbyeDelayMax});
      co_return;
    }
  }
  // The session may end while this waits, and a newer one of the node take its place.
  const std::pair<NodeName, Epoch> asker(node, pending.request.epoch);
  opening.insert(asker);
  const bool caught_up = co_await catch_up(pending.request);
  if (opening.erase(asker) == 0) {
    pending.done(lane::Goodbye{lane::GoodbyeCode::kReplaced, "the session ended meanwhile", {}});
    co_return;
  }
  if (!caught_up) {
    pending.done(lane::Goodbye{lane::GoodbyeCode::kNotReady,
                               "the watches lag behind what this node has seen", kNotReadyRetry});
    co_return;
  }
  cloudhub::Opened opened;
  opened.cluster = cluster;
  opened.foreign_cluster = !pending.request.cluster.empty() && pending.request.cluster != cluster;
  if (opened.foreign_cluster) {
    log::error("a node comes from another cluster: nothing is sent to it or removed from it",
               {{"node", node.str()}, {"its cluster", pending.request.cluster.str()}});
  } else {
    opened.desired = index.desired(node);
    Session session;
    session.epoch = pending.request.epoch;
    session.feed = pending.feed;
    sessions[node] = std::move(session);
    const ObjectPtr object = index.node(node);
    leases.add(node, object ? object->uid : Uid());
  }
  pending.done(std::move(opened));
}

Task<bool> EdgeController::Impl::catch_up(const cloudhub::OpenRequest& request) {
  const std::map<Kind, ResourceVersion> seen = request.seen;
  kube::Selection pods;
  pods.kind = Kind::kPod;
  pods.field_selector = "spec.nodeName!=";
  kube::Selection nodes;
  nodes.kind = Kind::kNode;
  nodes.label_selector = std::string(kEdgeNodeLabel);
  bool all = true;
  if (seen.contains(Kind::kPod)) {
    all = co_await catch_up_kind(Kind::kPod, seen.at(Kind::kPod), pod_watch.get(), pods);
  }
  if (all && seen.contains(Kind::kNode) && !stopping) {
    all = co_await catch_up_kind(Kind::kNode, seen.at(Kind::kNode), node_watch.get(), nodes);
  }
  co_return all;
}

/// The edge has seen a version that this cache has not: wait for the watch, or learn by a
/// consistent read that the cluster was restored to an older state.
Task<bool> EdgeController::Impl::catch_up_kind(Kind kind,
                                               ResourceVersion seen,
                                               ListWatch* watch,
                                               kube::Selection what) {
  const auto self = shared_from_this();
  if (watch->version() >= seen) co_return true;
  const Result<ResourceVersion> current = co_await client.current_version(std::move(what));
  if (current && *current < seen) {
    log::warning("the cluster is older than what a node has seen: resynchronising by content",
                 {{"kind", k8s::info(kind).wire}});
    co_return true;
  }
  const TimePoint until = client.world().clock.now() + kCatchUpPatience;
  while (!stopping && watch->version() < seen && client.world().clock.now() < until) {
    co_await async::sleep_for(50ms);
  }
  co_return watch->version() >= seen;
}

void EdgeController::Impl::close(NodeName node, Epoch epoch, std::function<void()> done) {
  std::erase_if(pending_opens, [&](PendingOpen& pending) {
    return pending.request.node == node && pending.request.epoch == epoch;
  });
  opening.erase({node, epoch});
  const auto found = sessions.find(node);
  if (found == sessions.end() || found->second.epoch != epoch) return done();
  leases.remove(node);
  Session session = std::move(found->second);
  sessions.erase(found);
  if (session.writes == 0) return done();
  session.feed = nullptr;
  session.when_idle = std::move(done);
  closing[{node, epoch}] = std::move(session);
}

Task<void> EdgeController::Impl::apply(NodeName node,
                                       Epoch epoch,
                                       StoreId store,
                                       lane::Report report,
                                       std::function<void(lane::ReportVerdict)> done) {
  const auto self = shared_from_this();
  const auto session = sessions.find(node);
  if (session == sessions.end() || session->second.epoch != epoch) {
    done({report.seq, lane::Verdict::kRetry, "session_over"});
    co_return;
  }
  ++session->second.writes;
  const lane::ReportVerdict verdict = co_await writer.write(node, store, std::move(report));
  done(verdict);
  write_done(node, epoch);
}

void EdgeController::Impl::write_done(const NodeName& node, Epoch epoch) {
  const auto live = sessions.find(node);
  if (live != sessions.end() && live->second.epoch == epoch) {
    --live->second.writes;
    return;
  }
  const auto ended = closing.find({node, epoch});
  if (ended == closing.end() || --ended->second.writes > 0) return;
  const std::function<void()> idle = std::move(ended->second.when_idle);
  closing.erase(ended);
  idle();
}

Task<void> EdgeController::Impl::prepare_pod(ObjectPtr pod,
                                             std::function<void(cloudhub::PodPrelude)> done) {
  const auto self = shared_from_this();
  cloudhub::PodPrelude prelude;
  if (pod->status_json) prelude.status_seed = *pod->status_json;
  prelude.tokens = co_await mint_tokens(client, pod);
  done(std::move(prelude));
}

Task<void> EdgeController::Impl::token(NodeName node,
                                       lane::TokenQuery query,
                                       std::function<void(lane::TokenGrant)> done) {
  const auto self = shared_from_this();
  const PodEntry* pod = index.pod(query.pod);
  if (pod == nullptr || pod->node != node || pod->object->uid != query.slot.pod) {
    lane::TokenGrant refused;
    refused.query = query.query;
    refused.slot = query.slot;
    refused.error = "forbidden: the pod is not on this node";
    done(std::move(refused));
    co_return;
  }
  done(co_await mint_token(client, pod->object, query));
}

Task<void> EdgeController::Impl::write_event(ObjectKey about, std::string event) {
  const auto self = shared_from_this();
  const std::string ns = about.ns.empty() ? "default" : about.ns;
  const Result<std::string> created = co_await client.create(Kind::kEvent, ns, std::move(event));
  if (!created && created.error().code != Code::kAlreadyExists) {
    log::warning("event not written", {{"object", about.text()}, created.error()});
  }
}

// ---- the public face: every call moves to the control shard ----------------------------------

EdgeController::EdgeController(async::Executor executor,
                               kube::Client& client,
                               NodeRecords& records,
                               Options options)
    : impl_(std::make_shared<Impl>(executor, client, records, options)) {}

EdgeController::~EdgeController() = default;

void EdgeController::start() { impl_->start(); }

async::Task<void> EdgeController::stop() { return impl_->stop(); }

bool EdgeController::ready() const { return impl_->was_ready; }

void EdgeController::open(cloudhub::OpenRequest request,
                          std::shared_ptr<cloudhub::NodeFeed> feed,
                          std::function<void(cloudhub::OpenAnswer)> done) {
  Impl::PendingOpen pending{std::move(request), std::move(feed), std::move(done), {}};
  async::post(impl_->executor, [impl = impl_, pending = std::move(pending)]() mutable {
    impl->open(std::move(pending));
  });
}

void EdgeController::close(const NodeName& node, Epoch epoch, std::function<void()> done) {
  async::post(impl_->executor, [impl = impl_, node, epoch, done = std::move(done)]() mutable {
    impl->close(node, epoch, std::move(done));
  });
}

void EdgeController::apply(const NodeName& node,
                           Epoch epoch,
                           StoreId store,
                           lane::Report report,
                           std::function<void(lane::ReportVerdict)> done) {
  async::post(impl_->executor, [impl = impl_, node, epoch, store, report = std::move(report),
                                done = std::move(done)]() mutable {
    impl->tasks.spawn("report",
                      impl->apply(node, epoch, store, std::move(report), std::move(done)));
  });
}

void EdgeController::prepare_pod(const NodeName&,
                                 k8s::ObjectPtr pod,
                                 std::function<void(cloudhub::PodPrelude)> done) {
  async::post(impl_->executor, [impl = impl_, pod, done = std::move(done)]() mutable {
    impl->tasks.spawn("prepare pod", impl->prepare_pod(pod, std::move(done)));
  });
}

void EdgeController::token(const NodeName& node,
                           lane::TokenQuery query,
                           std::function<void(lane::TokenGrant)> done) {
  async::post(impl_->executor, [impl = impl_, node, query, done = std::move(done)]() mutable {
    impl->tasks.spawn("token", impl->token(node, query, std::move(done)));
  });
}

void EdgeController::refused(const NodeName& node, k8s::ObjectPtr object, lane::Nack nack) {
  async::post(impl_->executor, [impl = impl_, node, object, nack] {
    log::warning("a node cannot apply an object", {{"node", node.str()},
                                                   {"object", object->key.text()},
                                                   {"code", nack.code},
                                                   {"reason", nack.reason}});
    const std::string event =
        controller_event(object->key, object->uid, "RefusedByNode", nack.code + ": " + nack.reason,
                         impl->client.world().clock.wall());
    impl->tasks.spawn("event", impl->write_event(object->key, event));
  });
}

}  // namespace skerry::edgecontroller
