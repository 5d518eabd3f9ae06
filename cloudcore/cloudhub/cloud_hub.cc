#include "cloudcore/cloudhub/cloud_hub.h"

#include "cloudcore/cloudhub/hub_metrics.h"
#include "cloudcore/cloudhub/identity_exchange.h"
#include "common/async/wakeup.h"
#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/lane/websocket_lane.h"

namespace skerry::cloudhub {
namespace {

using async::Task;

constexpr auto kAcceptRetry = 200ms;  // no file descriptors left

/// Runs a task that belongs to the control loop and gives its answer to a callback.
template <class Answer>
Task<void> answer_with(Task<Answer> task, std::function<void(Answer)> done) {
  done(co_await std::move(task));
}

/// Without the port, which is another one with every connection.
std::string host_of(const std::string& remote) { return remote.substr(0, remote.rfind(':')); }

/// A connection that only came and went: a health check, a node whose network broke.
bool is_mere_loss(Code code) { return code == Code::kUnavailable || code == Code::kCancelled; }

}  // namespace

CloudHub::CloudHub(async::Executor control, std::vector<async::Executor> shards, HubParts parts)
    : control_(control),
      parts_(std::move(parts)),
      tasks_(control),
      room_(control),
      rate_(parts_.handshakes_per_second),
      traffic_(parts_.registry),
      sessions_(parts_.registry.gauge(kSessions)),
      connections_(parts_.registry.counter(kConnectionsTotal)),
      refused_(parts_.registry.counter(kRefusedTotal)) {
  for (const async::Executor& shard : shards) shards_.push_back(std::make_unique<Shard>(shard));
}

CloudHub::~CloudHub() = default;

Result<void> CloudHub::listen(const std::string& address, std::uint16_t port) {
  auto opened = net::Listener::open(control_, address, port);
  if (!opened) return fail(opened.error());
  listener_ = std::move(*opened);
  tasks_.spawn("accept", accept_all());
  return {};
}

Task<void> CloudHub::wait_for(Shard& shard, std::function<void(bool)> done) {
  co_await shard.connections.join();
  done(true);
}

Task<void> CloudHub::stop() {
  stopping_ = true;
  if (listener_) listener_->close();
  room_.notify();
  for (const auto& [epoch, live] : live_) {
    live.session->end(lane::Goodbye{lane::GoodbyeCode::kShutdown, "cloudcore goes down", 1s});
  }
  for (const std::unique_ptr<Shard>& shard : shards_) {
    std::function<void(std::function<void(bool)>)> join = [&shard](std::function<void(bool)> done) {
      async::post(shard->executor, [&shard, done] {
        shard->waiter.spawn("last connection", wait_for(*shard, done));
      });
    };
    co_await async::from_callback<bool>(std::move(join));
  }
  co_await tasks_.join();
}

// ---- a connection's way in -------------------------------------------------------------------

Task<void> CloudHub::accept_all() {
  while (!stopping_) {
    if (handshakes_ >= kHandshakesMax) {
      co_await room_.wait_until(TimePoint::max());
      continue;
    }
    if (const TimePoint from = rate_.next(parts_.world.clock.now()); from > TimePoint::min()) {
      co_await room_.wait_until(from);
      continue;
    }
    auto incoming = co_await listener_->accept(TimePoint::max());
    if (incoming) {
      serve(std::move(*incoming));
    } else if (incoming.error().code != Code::kCancelled) {
      log::warning("connections cannot be accepted", {incoming.error()});
      co_await async::sleep_for(kAcceptRetry);
    }
  }
}

void CloudHub::serve(net::Incoming incoming) {
  connections_.add();
  rate_.take(parts_.world.clock.now());
  ++handshakes_;
  Shard& shard = *shards_[next_shard_++ % shards_.size()];
  auto held = std::make_shared<net::Incoming>(std::move(incoming));
  async::post(shard.executor, [this, &shard, held] {
    shard.connections.spawn("connection", serve_on_shard(shard, std::move(*held)));
  });
}

Task<void> CloudHub::serve_on_shard(Shard& shard, net::Incoming incoming) {
  const seam::World world = parts_.world;
  const std::string remote = incoming.remote_address;
  lane::LaneResult lane =
      co_await lane::accept_websocket(std::move(incoming), parts_.context, world.clock.wall(),
                                      world.clock.now() + kHandshakeDeadline);
  async::post(control_, [this] {
    --handshakes_;
    room_.notify();
  });
  if (!lane) {
    note_refused({}, remote, lane.error());
    co_return;
  }
  co_await serve_lane(shard, std::move(*lane));
}

Task<void> CloudHub::serve_lane(Shard& shard, std::unique_ptr<lane::Lane> lane) {
  // The deny list lives on the control loop; a connection takes the one of now.
  std::function<void(std::function<void(std::shared_ptr<const DenySet>)>)> ask =
      [this](std::function<void(std::shared_ptr<const DenySet>)> done) {
        async::post(control_, [this, done] { done(denied_); });
      };
  const auto denied = co_await async::from_callback<std::shared_ptr<const DenySet>>(std::move(ask));

  const lane::PeerIdentity peer = lane->peer();
  lane::Goodbye refusal;
  switch (cloudhub::admit(peer, denied.get(), parts_.world.clock.wall(), refusal)) {
    case Admission::kSession:
      co_await serve_session(shard, std::move(lane), *node_of(peer));
      break;
    case Admission::kJoinOnly:
    case Admission::kRenewOnly:
      co_await answer_identity(shard, std::move(lane));
      break;
    case Admission::kNothing: {
      note_refused(peer, lane->remote_address(), {Code::kForbidden, refusal.reason, {}});
      auto exchange = std::make_shared<IdentityExchange>(shard.executor, std::move(lane), nullptr,
                                                         parts_.world);
      exchange->answer(std::move(refusal));
      co_await IdentityExchange::run(exchange);
    }
  }
}

Task<void> CloudHub::answer_identity(Shard& shard, std::unique_ptr<lane::Lane> lane) {
  const lane::PeerIdentity peer = lane->peer();
  const std::string remote = lane->remote_address();
  const bool room = exchanges_.fetch_add(1) < kExchangesMax;
  IdentityExchange::Ask ask = [this, peer, remote](lane::Message question,
                                                   IdentityExchange::Answer answer) {
    answer_question(peer, remote, std::move(question), answer);
  };
  auto exchange = std::make_shared<IdentityExchange>(shard.executor, std::move(lane),
                                                     std::move(ask), parts_.world);
  if (!room) {
    exchange->answer(lane::Goodbye{lane::GoodbyeCode::kNotReady,
                                   "too many nodes join at once; try again", kGoodbyeDelayMax});
  }
  const Error why = co_await IdentityExchange::run(exchange);
  exchanges_.fetch_sub(1);
  if (why.code == Code::kMalformed || why.code == Code::kTooLarge) note_refused(peer, remote, why);
}

void CloudHub::answer_question(const lane::PeerIdentity& peer,
                               const std::string& remote,
                               lane::Message question,
                               const IdentityExchange::Answer& answer) {
  std::function<void(Result<lane::CertificateReply>)> reply =
      [answer](Result<lane::CertificateReply> made) {
        answer(made ? lane::Message(std::move(*made)) : lane::Message(goodbye_for(made.error())));
      };
  if (auto* wanted = std::get_if<lane::JoinRequest>(&question);
      wanted && peer.common_name.empty()) {
    async::post(control_, [this, remote = host_of(remote), reply,
                           request = std::move(*wanted)]() mutable {
      tasks_.spawn(
          "join",
          answer_with(JoinService::join(parts_.join_service, std::move(request), remote), reply));
    });
  } else if (auto* old = std::get_if<lane::RenewRequest>(&question);
             old && !peer.common_name.empty()) {
    renew(peer, std::move(*old), reply);
  } else {
    const std::string reason = peer.common_name.empty()
                                   ? "without a certificate a node may only join"
                                   : "with an expired certificate a node may only renew it";
    note_refused(peer, remote, {Code::kForbidden, reason, {}});
    answer(lane::Goodbye{lane::GoodbyeCode::kProtocol, reason, kGoodbyeDelayMax});
  }
}

void CloudHub::note_refused(const lane::PeerIdentity& peer,
                            const std::string& remote,
                            Error why) {
  refused_.add();
  async::post(control_, [this, name = peer.common_name, remote, why = std::move(why)] {
    const bool line = !is_mere_loss(why.code) &&
                      refusal_lines_.take(host_of(remote), parts_.world.clock.now());
    log::write(line ? log::Level::kWarning : log::Level::kDebug, "connection refused",
               {{"peer", name}, {"remote", remote}, why, {"audit", "denied"}});
  });
}

Task<void> CloudHub::serve_session(Shard& shard, std::unique_ptr<lane::Lane> lane, NodeName node) {
  // Epochs are the control loop's; the session is entered there before its first message is read.
  const lane::PeerIdentity peer = lane->peer();
  std::function<void(std::function<void(Epoch)>)> number = [this](std::function<void(Epoch)> done) {
    async::post(control_, [this, done] { done(registry_.next_epoch()); });
  };
  const Epoch epoch = co_await async::from_callback<Epoch>(std::move(number));
  auto session = std::make_shared<Session>(shard.executor, std::move(lane), node, epoch,
                                           parts_.backend, *this, parts_.world);
  async::post(control_, [this, session, peer] { enter(session, peer); });
  co_await Session::run(session);
  std::function<void(std::function<void(bool)>)> end = [this, node,
                                                        epoch](std::function<void(bool)> done) {
    async::post(control_,
                [this, node, epoch, done] { leave(node, epoch, [done] { done(true); }); });
  };
  co_await async::from_callback<bool>(std::move(end));
}

// ---- sessions, on the control loop -----------------------------------------------------------

void CloudHub::enter(std::shared_ptr<Session> session, lane::PeerIdentity peer) {
  const Epoch epoch = session->epoch();
  if (stopping_) {
    session->end(lane::Goodbye{lane::GoodbyeCode::kShutdown, "cloudcore goes down", 1s});
  }
  if (ca_bundle_) session->trust(ca_bundle_);
  live_[epoch] = Live{std::move(session), std::move(peer), false};
  sessions_.set(static_cast<std::int64_t>(live_.size()));
}

void CloudHub::admit(Open open,
                     std::shared_ptr<NodeFeed> feed,
                     std::function<void(OpenAnswer)> done) {
  async::post(control_, [this, open = std::move(open), feed, done]() mutable {
    this->open(std::move(open), std::move(feed), std::move(done));
  });
}

void CloudHub::open(Open open,
                    std::shared_ptr<NodeFeed> feed,
                    std::function<void(OpenAnswer)> done) {
  const NodeName node = open.request.node;
  const Epoch epoch = open.request.epoch;
  if (!registry_.current(node) && registry_.size() >= parts_.nodes_max) {
    return done(lane::Goodbye{lane::GoodbyeCode::kNotReady, "modules.cloudHub.nodeLimit is reached",
                              kGoodbyeDelayMax});
  }
  SessionRegistry::Decision decision = registry_.admit(node, open.store, epoch);
  if (auto* refused = std::get_if<lane::Goodbye>(&decision)) {
    log::warning("a second machine uses a node's certificate",
                 {{"node", node.str()}, {"reason", refused->reason}, {"audit", "denied"}});
    return done(std::move(*refused));
  }
  log::info("session", {{"node", node.str()},
                        {"epoch", epoch.value()},
                        {"agent", open.agent_version},
                        {"boot", open.boot.str()}});
  auto go_on = [this, epoch, request = std::move(open.request), feed, done] {
    const auto live = live_.find(epoch);
    if (live == live_.end()) return;  // it ended while it waited
    live->second.opened = true;
    parts_.backend.open(request, feed, done);
  };
  const std::optional<Epoch> old = std::get<SessionRegistry::Admitted>(decision).evict;
  const bool old_is_here = old && (live_.contains(*old) || after_.contains(*old));
  if (!old_is_here) return go_on();
  after_[*old] = std::move(go_on);
  if (const auto evicted = live_.find(*old); evicted != live_.end()) {
    evicted->second.session->end(
        lane::Goodbye{lane::GoodbyeCode::kReplaced, "a newer session of this node", {}});
  }
}

void CloudHub::leave(NodeName node, Epoch epoch, std::function<void()> done) {
  const auto found = live_.find(epoch);
  const bool opened = found != live_.end() && found->second.opened;
  if (found != live_.end()) live_.erase(found);
  sessions_.set(static_cast<std::int64_t>(live_.size()));
  auto ended = [this, node, epoch, done] {
    forget(node, epoch);
    done();
  };
  after_.try_emplace(epoch);  // still writing: whoever evicts it waits
  if (!opened) return ended();
  parts_.backend.close(node, epoch, [this, ended] { async::post(control_, ended); });
}

void CloudHub::forget(const NodeName& node, Epoch epoch) {
  registry_.forget(node, epoch);
  const auto waiting = after_.find(epoch);
  if (waiting == after_.end()) return;
  const std::function<void()> go_on = std::move(waiting->second);
  after_.erase(waiting);
  if (go_on) go_on();
}

void CloudHub::set_ca_bundle(const std::string& pem) {
  const Digest wanted = digest(pem);
  if (ca_bundle_ && ca_bundle_->digest == wanted) return;
  ca_bundle_ = std::make_shared<const CaBundle>(CaBundle{pem, wanted});
  for (const auto& [epoch, live] : live_) live.session->trust(ca_bundle_);
}

void CloudHub::holds_bundle(const NodeName& node, const Digest& held) {
  async::post(control_, [this, node, held] {
    if (parts_.holds_bundle) parts_.holds_bundle(node, held);
  });
}

void CloudHub::set_denied(std::shared_ptr<const DenySet> denied) {
  denied_ = std::move(denied);
  parts_.join_service->set_denied(denied_);
  for (const auto& [epoch, live] : live_) {
    if (!denied_ ||
        !denied_->is_denied(live.session->node(), live.peer.serial_hex, live.peer.not_before)) {
      continue;
    }
    log::warning("a revoked node is put out",
                 {{"node", live.session->node().str()}, {"audit", "revoked"}});
    live.session->end(lane::Goodbye{lane::GoodbyeCode::kRevoked,
                                    "this node was revoked: join again with a new token",
                                    kGoodbyeDelayMax});
  }
}

void CloudHub::renew(const lane::PeerIdentity& peer,
                     lane::RenewRequest request,
                     std::function<void(Result<lane::CertificateReply>)> done) {
  async::post(control_, [this, peer, done, request = std::move(request)]() mutable {
    tasks_.spawn(
        "renew",
        answer_with(JoinService::renew(parts_.join_service, peer, std::move(request)), done));
  });
}

}  // namespace skerry::cloudhub
