#include "cloudcore/edgecontroller/edge_controller.h"

#include "cloudcore/edgecontroller/cluster_watches.h"
#include "cloudcore/edgecontroller/desired_index.h"
#include "cloudcore/edgecontroller/node_sessions.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"

namespace skerry::edgecontroller {
namespace {

constexpr auto kTick = 1s;

}  // namespace

/// What lives on the control shard.
struct EdgeController::Impl : std::enable_shared_from_this<EdgeController::Impl> {
  Impl(async::Executor e, kube::Client& c, NodeRecords& r, metrics::Registry& m, Options o)
      : executor(e),
        client(c),
        options(o),
        tasks(e),
        watches(e, c, index, tasks, m, handlers()),
        sessions(e, {c, r, index, watches, tasks, m}) {}

  ClusterHandlers handlers() {
    return {.changed = [this](Changes changes) { sessions.deliver(std::move(changes)); },
            .node_added = [this](auto& node, auto& uid) { sessions.node_added(node, uid); },
            .node_removed = [this](auto& node) { sessions.node_removed(node); },
            .ready = [this] { sessions.cluster_ready(); },
            .replaced = [this] { sessions.cluster_replaced(); }};
  }

  void start();
  async::Task<void> stop();
  async::Task<void> keep_time();

  async::Executor executor;
  kube::Client& client;
  Options options;
  DesiredIndex index;
  async::TaskGroup tasks;
  ClusterWatches watches;
  NodeSessions sessions;
  bool stopping = false;
};

void EdgeController::Impl::start() {
  sessions.start();
  tasks.spawn("time", keep_time());
  watches.start({options.cluster_wide_references, options.admission_default});
}

async::Task<void> EdgeController::Impl::stop() {
  const auto self = shared_from_this();
  stopping = true;
  watches.stop();
  sessions.stop();
  co_await tasks.join();
}

async::Task<void> EdgeController::Impl::keep_time() {
  const auto self = shared_from_this();
  while (!stopping) {
    const TimePoint now = client.world().clock.now();
    watches.on_time(now);
    sessions.on_time(now);
    co_await async::sleep_for(kTick);
  }
}

// ---- the public face: every call moves to the control shard ----------------------------------

EdgeController::EdgeController(async::Executor executor,
                               kube::Client& client,
                               NodeRecords& records,
                               metrics::Registry& registry,
                               Options options)
    : impl_(std::make_shared<Impl>(executor, client, records, registry, options)) {}

EdgeController::~EdgeController() = default;

void EdgeController::start() { impl_->start(); }

async::Task<void> EdgeController::stop() { return impl_->stop(); }

bool EdgeController::ready() const { return impl_->watches.ready(); }

NodeView EdgeController::view(const NodeName& node) const {
  NodeView view;
  view.ready = ready();
  view.at_edge = impl_->index.has_node(node);
  view.live = impl_->sessions.live(node);
  view.foreign = impl_->sessions.is_foreign(node);
  view.desired = impl_->index.desired(node).size();
  view.incomplete_pods = impl_->index.incomplete_pods(node);
  return view;
}

void EdgeController::open(cloudhub::OpenRequest request,
                          std::shared_ptr<cloudhub::NodeFeed> feed,
                          std::function<void(cloudhub::OpenAnswer)> done) {
  async::post(impl_->executor, [impl = impl_, request = std::move(request), feed = std::move(feed),
                                done = std::move(done)]() mutable {
    impl->sessions.open(std::move(request), std::move(feed), std::move(done));
  });
}

void EdgeController::close(const NodeName& node, Epoch epoch, std::function<void()> done) {
  async::post(impl_->executor, [impl = impl_, node, epoch, done = std::move(done)]() mutable {
    impl->sessions.close(node, epoch, std::move(done));
  });
}

void EdgeController::apply(const NodeName& node,
                           Epoch epoch,
                           StoreId store,
                           lane::Report report,
                           std::function<void(lane::ReportVerdict)> done) {
  async::post(impl_->executor, [impl = impl_, node, epoch, store, report = std::move(report),
                                done = std::move(done)]() mutable {
    impl->sessions.apply(node, epoch, store, std::move(report), std::move(done));
  });
}

void EdgeController::prepare_pod(const NodeName&,
                                 k8s::ObjectPtr pod,
                                 std::function<void(cloudhub::PodPrelude)> done) {
  async::post(impl_->executor, [impl = impl_, pod, done = std::move(done)]() mutable {
    impl->sessions.prepare_pod(pod, std::move(done));
  });
}

void EdgeController::token(const NodeName& node,
                           lane::TokenQuery query,
                           std::function<void(lane::TokenGrant)> done) {
  async::post(impl_->executor, [impl = impl_, node, query, done = std::move(done)]() mutable {
    impl->sessions.token(node, std::move(query), std::move(done));
  });
}

void EdgeController::refused(const NodeName& node, k8s::ObjectPtr object, lane::Nack nack) {
  async::post(impl_->executor,
              [impl = impl_, node, object, nack] { impl->sessions.refused(node, object, nack); });
}

}  // namespace skerry::edgecontroller
