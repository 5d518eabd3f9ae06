#include "cloudcore/edgecontroller/node_sessions.h"

#include <utility>

#include "cloudcore/edgecontroller/controller_metrics.h"
#include "cloudcore/edgecontroller/pod_tokens.h"
#include "cloudcore/edgecontroller/report_patches.h"
#include "common/base/log.h"

namespace skerry::edgecontroller {
namespace {

using async::Task;
using k8s::Kind;

constexpr auto kNotReadyRetry = 1s;
constexpr auto kOpenPatience = 30s;  // below SessionProtocol::kOpenDeadline

}  // namespace

NodeSessions::NodeSessions(async::Executor executor, const Parts& parts)
    : client_(parts.client),
      records_(parts.records),
      index_(parts.index),
      watches_(parts.watches),
      tasks_(parts.tasks),
      registry_(parts.registry),
      writer_(parts.client, parts.index, parts.records),
      leases_(executor, parts.client),
      foreign_(executor,
               parts.client.world(),
               parts.records,
               parts.watches.cluster(),
               parts.registry.gauge(kForeignNodes)),
      restored_(parts.registry.counter(kRestoredTotal)) {}

void NodeSessions::start() {
  tasks_.spawn("leases", leases_.run());
  tasks_.spawn("foreign nodes", foreign_.run());
}

void NodeSessions::stop() {
  stopping_ = true;
  leases_.stop();
  foreign_.stop();
  for (PendingOpen& pending : std::exchange(pending_opens_, {})) {
    pending.done(
        lane::Goodbye{lane::GoodbyeCode::kShutdown, "cloudcore goes down", kNotReadyRetry});
  }
}

void NodeSessions::on_time(TimePoint now) {
  registry_.gauge(kNodesLive).set(static_cast<std::int64_t>(sessions_.size()));
  std::vector<PendingOpen> late;
  std::erase_if(pending_opens_, [&](PendingOpen& pending) {
    if (pending.until > now) return false;
    late.push_back(std::move(pending));
    return true;
  });
  for (PendingOpen& pending : late) {
    pending.done(lane::Goodbye{lane::GoodbyeCode::kNotReady,
                               "the Kubernetes API has not been listed yet", kNotReadyRetry});
  }
}

// ---- from the watches ------------------------------------------------------------------------

void NodeSessions::deliver(Changes changes) {
  for (auto& [node, list] : changes) {
    const auto session = sessions_.find(node);
    if (session != sessions_.end()) session->second.feed->desired(std::move(list));
  }
}

void NodeSessions::node_added(const NodeName& node, const Uid& uid) {
  if (sessions_.contains(node)) leases_.add(node, uid);
}

void NodeSessions::node_removed(const NodeName& node) {
  const auto session = sessions_.find(node);
  if (session == sessions_.end()) return;
  leases_.remove(node);
  session->second.feed->end(lane::Goodbye{lane::GoodbyeCode::kNodeGone,
                                          "the Node was deleted: `edgecore join` brings it back",
                                          kGoodbyeDelayMax});
}

void NodeSessions::cluster_ready() {
  for (PendingOpen& pending : std::exchange(pending_opens_, {})) {
    tasks_.spawn("open session", answer_open(std::move(pending)));
  }
}

void NodeSessions::cluster_replaced() {
  const lane::Goodbye goodbye{lane::GoodbyeCode::kNotReady,
                              "the Kubernetes API was restored or replaced", kNotReadyRetry};
  for (const auto& [node, session] : sessions_) session.feed->end(goodbye);
  foreign_.end_all(goodbye);
}

std::optional<Epoch> NodeSessions::live(const NodeName& node) const {
  const auto session = sessions_.find(node);
  return session == sessions_.end() ? std::nullopt : std::optional(session->second.epoch);
}

// ---- opening and closing ---------------------------------------------------------------------

void NodeSessions::open(cloudhub::OpenRequest request,
                        std::shared_ptr<cloudhub::NodeFeed> feed,
                        std::function<void(cloudhub::OpenAnswer)> done) {
  const TimePoint until = client_.world().clock.now() + kOpenPatience;
  pending_opens_.push_back({std::move(request), std::move(feed), std::move(done), until});
  if (watches_.ready() && !stopping_) cluster_ready();
}

Task<void> NodeSessions::answer_open(PendingOpen pending) {
  const NodeName node = pending.request.node;
  const ClusterId its_cluster = pending.request.cluster;
  const bool from_elsewhere = !its_cluster.empty() && its_cluster != watches_.cluster();
  // The session may end while this waits, and a newer one of the node take its place.
  const std::pair<NodeName, Epoch> asker(node, pending.request.epoch);
  opening_.insert(asker);
  std::optional<lane::Goodbye> refused;
  bool is_foreign = false;
  if (from_elsewhere || !index_.has_node(node)) {
    const Result<NodeRecord> record = co_await records_.find(node);
    if (!record) {
      refused = lane::Goodbye{lane::GoodbyeCode::kNotReady, record.error().what, kNotReadyRetry};
    } else if (from_elsewhere && record->accepted_cluster != watches_.cluster()) {
      is_foreign = true;  // asked first: in an empty cluster every Node is missing
    } else if (record->registered && !index_.has_node(node)) {
      refused = lane::Goodbye{lane::GoodbyeCode::kNodeGone,
                              "the Node was deleted: `edgecore join` brings it back",
                              kGoodbyeDelayMax};
    }
  }
  // Another cluster's versions say nothing about this one's.
  if (!refused && !from_elsewhere) refused = co_await catch_up(node, pending.request.seen);
  if (opening_.erase(asker) == 0) {
    refused = lane::Goodbye{lane::GoodbyeCode::kReplaced, "the session ended meanwhile", {}};
  } else if (!watches_.ready()) {  // replaced meanwhile
    refused = lane::Goodbye{lane::GoodbyeCode::kNotReady, "the cluster is not known yet",
                            kNotReadyRetry};
  }
  if (refused) {
    pending.done(std::move(*refused));
  } else {
    pending.done(is_foreign ? foreign(pending) : opened_for(pending));
  }
}

Task<std::optional<lane::Goodbye>> NodeSessions::catch_up(NodeName node,
                                                          std::map<Kind, ResourceVersion> seen) {
  const CatchUp reached = co_await watches_.catch_up(node, std::move(seen));
  if (reached == CatchUp::kBehind) {
    co_return lane::Goodbye{lane::GoodbyeCode::kNotReady,
                            "the watches lag behind what this node has seen", kNotReadyRetry};
  }
  if (reached == CatchUp::kOlder) {
    restored_.add();
    log::warning(
        "the cluster is older than what a node has seen (was it restored?): resynchronising by "
        "content",
        {{"node", node.str()}});
  }
  co_return std::nullopt;
}

cloudhub::Opened NodeSessions::foreign(const PendingOpen& pending) {
  const NodeName& node = pending.request.node;
  log::error(
      "a node comes from another cluster: nothing is sent to it or removed from it until `cloudcore "
      "node accept`",
      {{"node", node.str()}, {"its_cluster", pending.request.cluster.str()}});
  foreign_.add(node, pending.request.epoch, pending.feed);
  cloudhub::Opened opened;
  opened.cluster = watches_.cluster();
  opened.foreign_cluster = true;
  return opened;
}

cloudhub::Opened NodeSessions::opened_for(const PendingOpen& pending) {
  const NodeName& node = pending.request.node;
  cloudhub::Opened opened;
  opened.cluster = watches_.cluster();
  opened.desired = index_.desired(node);
  Session session;
  session.epoch = pending.request.epoch;
  session.feed = pending.feed;
  sessions_[node] = std::move(session);
  const ObjectPtr object = index_.node(node);
  leases_.add(node, object ? object->uid : Uid());
  return opened;
}

void NodeSessions::close(NodeName node, Epoch epoch, std::function<void()> done) {
  std::erase_if(pending_opens_, [&](PendingOpen& pending) {
    return pending.request.node == node && pending.request.epoch == epoch;
  });
  opening_.erase({node, epoch});
  foreign_.remove(node, epoch);
  const auto found = sessions_.find(node);
  if (found == sessions_.end() || found->second.epoch != epoch) return done();
  leases_.remove(node);
  Session session = std::move(found->second);
  sessions_.erase(found);
  if (session.writes == 0) return done();
  session.feed = nullptr;
  session.when_idle = std::move(done);
  closing_[{node, epoch}] = std::move(session);
}

// ---- reports and tokens ----------------------------------------------------------------------

void NodeSessions::apply(NodeName node,
                         Epoch epoch,
                         StoreId store,
                         lane::Report report,
                         std::function<void(lane::ReportVerdict)> done) {
  tasks_.spawn("report", write_report(std::move(node), epoch, std::move(store), std::move(report),
                                      std::move(done)));
}

Task<void> NodeSessions::write_report(NodeName node,
                                      Epoch epoch,
                                      StoreId store,
                                      lane::Report report,
                                      std::function<void(lane::ReportVerdict)> done) {
  const auto session = sessions_.find(node);
  if (session == sessions_.end() || session->second.epoch != epoch) {
    done({report.seq, lane::Verdict::kRetry, "session_over"});
    co_return;
  }
  ++session->second.writes;
  const lane::ReportKind kind = report.kind;
  const TimePoint begin = client_.world().clock.now();
  const lane::ReportVerdict verdict = co_await writer_.write(node, store, std::move(report));
  count(kind, verdict.verdict, client_.world().clock.now() - begin);
  done(verdict);
  write_done(node, epoch);
}

void NodeSessions::count(lane::ReportKind kind, lane::Verdict verdict, Duration took) {
  constexpr const char* kKinds[] = {"node-status", "pod-status", "event", "finalised"};
  static_assert(std::size(kKinds) == static_cast<std::size_t>(lane::ReportKind::kCount));
  constexpr const char* kOutcomes[] = {"ok", "refused", "retry"};
  const std::string word = kKinds[static_cast<std::size_t>(kind)];
  const std::string outcome = kOutcomes[static_cast<std::size_t>(verdict)];
  registry_.counter(kReportsTotal, {{"kind", word}, {"outcome", outcome}}).add();
  registry_.histogram(kReportDuration, {{"kind", word}}).observe(took);
}

void NodeSessions::write_done(const NodeName& node, Epoch epoch) {
  const auto live = sessions_.find(node);
  if (live != sessions_.end() && live->second.epoch == epoch) {
    --live->second.writes;
    return;
  }
  const auto ended = closing_.find({node, epoch});
  if (ended == closing_.end() || --ended->second.writes > 0) return;
  const std::function<void()> idle = std::move(ended->second.when_idle);
  closing_.erase(ended);
  idle();
}

void NodeSessions::prepare_pod(ObjectPtr pod, std::function<void(cloudhub::PodPrelude)> done) {
  tasks_.spawn("prepare pod", make_prelude(std::move(pod), std::move(done)));
}

Task<void> NodeSessions::make_prelude(ObjectPtr pod,
                                             std::function<void(cloudhub::PodPrelude)> done) {
  cloudhub::PodPrelude prelude;
  if (pod->status_json) prelude.status_seed = *pod->status_json;
  prelude.tokens = co_await mint_tokens(client_, pod);
  done(std::move(prelude));
}

void NodeSessions::token(NodeName node,
                         lane::TokenQuery query,
                         std::function<void(lane::TokenGrant)> done) {
  tasks_.spawn("token", grant(std::move(node), std::move(query), std::move(done)));
}

Task<void> NodeSessions::grant(NodeName node,
                                       lane::TokenQuery query,
                                       std::function<void(lane::TokenGrant)> done) {
  const PodEntry* pod = index_.pod(query.pod);
  if (pod == nullptr || pod->node != node || pod->object->uid != query.slot.pod) {
    lane::TokenGrant refused;
    refused.query = query.query;
    refused.slot = query.slot;
    refused.error = "forbidden: the pod is not on this node";
    log::warning("token refused", {{"node", node.str()},
                                   {"object", query.pod.text()},
                                   {"error", refused.error},
                                   {"audit", "denied"}});
    done(std::move(refused));
    co_return;
  }
  done(co_await mint_token(client_, pod->object, query));
}

void NodeSessions::refused(const NodeName& node, const ObjectPtr& object, const lane::Nack& nack) {
  log::warning("a node cannot apply an object", {{"node", node.str()},
                                                 {"object", object->key.text()},
                                                 {"code", nack.code},
                                                 {"reason", nack.reason}});
  const std::string event =
      controller_event(object->key, object->uid, "RefusedByNode", nack.code + ": " + nack.reason,
                       client_.world().clock.wall());
  tasks_.spawn("event", write_event(object->key, event));
}

Task<void> NodeSessions::write_event(ObjectKey about, std::string event) {
  const std::string ns = about.ns.empty() ? "default" : about.ns;
  const Result<std::string> created = co_await client_.create(Kind::kEvent, ns, std::move(event));
  if (!created && created.error().code != Code::kAlreadyExists) {
    log::warning("event not written", {{"object", about.text()}, created.error()});
  }
}

}  // namespace skerry::edgecontroller
