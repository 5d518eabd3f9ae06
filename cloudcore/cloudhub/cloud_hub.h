// Where nodes connect: listener, shards, one session per node. The way of a connection:
// Listener (control) -> a shard: TLS and websocket -> admit() -> IdentityExchange (join, renew) or
// Session -> SessionRegistry (control) -> NodeBackend::open. Source: design.md sections 4.9, 6, 7.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/deny_list.h"
#include "cloudcore/cloudhub/handshake_rate.h"
#include "cloudcore/cloudhub/identity_exchange.h"
#include "cloudcore/cloudhub/join_rate.h"
#include "cloudcore/cloudhub/join_service.h"
#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/cloudhub/session.h"
#include "cloudcore/cloudhub/session_registry.h"
#include "common/async/task_group.h"
#include "common/net/listener.h"
#include "common/metrics/registry.h"
#include "common/seam/world.h"
#include "common/tls/context.h"

namespace skerry::cloudhub {

struct HubParts {
  NodeBackend& backend;
  std::shared_ptr<JoinService> join_service;
  std::shared_ptr<const tls::ServerContext> context;
  metrics::Registry& registry;
  seam::World world;
  std::size_t nodes_max = 20'000;
  std::size_t handshakes_per_second = 2'000;
  /// On the control loop: this node holds the CA bundle that it was to hold.
  std::function<void(const NodeName&, const Digest&)> holds_bundle = {};
};

/// Owner: App. Thread: the control loop; sessions run on `shards`, loops of which each has one
/// thread. Limits: kHandshakesMax at once and handshakes_per_second (the rest waits in the listen
/// queue), kExchangesMax connections without a valid certificate, nodes_max sessions.
class CloudHub final : public SessionHost {
 public:
  static constexpr std::size_t kHandshakesMax = 128;
  static constexpr auto kHandshakeDeadline = 15s;
  static constexpr std::size_t kExchangesMax = 256;

  CloudHub(async::Executor control, std::vector<async::Executor> shards, HubParts parts);
  ~CloudHub() override;

  /// Errors: as net::Listener::open.
  Result<void> listen(const std::string& address, std::uint16_t port);
  std::uint16_t port() const { return listener_->port(); }
  /// Ends every session with Goodbye{kShutdown} and waits for them. The shards' loops must then run
  /// out of work before the hub is destroyed.
  async::Task<void> stop();

  /// What edges are to trust: goes to each live session and is compared at each Welcome.
  void set_ca_bundle(const std::string& pem);
  /// From DenyListWatch: live sessions that it denies are ended.
  void set_denied(std::shared_ptr<const DenySet> denied);

  // SessionHost: from the shards
  void admit(Open open,
             std::shared_ptr<NodeFeed> feed,
             std::function<void(OpenAnswer)> done) override;
  void renew(const lane::PeerIdentity& peer,
             lane::RenewRequest request,
             std::function<void(Result<lane::CertificateReply>)> done) override;
  void holds_bundle(const NodeName& node, const Digest& digest) override;
  SessionTraffic& traffic() override { return traffic_; }

 private:
  /// A loop and the connections that live on it; touched on that loop only.
  struct Shard {
    explicit Shard(async::Executor e) : executor(e), connections(e), waiter(e) {}
    async::Executor executor;
    async::TaskGroup connections;
    async::TaskGroup waiter;  // stop() waits for `connections` in it
  };
  struct Live {
    std::shared_ptr<Session> session;
    lane::PeerIdentity peer;
    bool opened = false;
  };

  static async::Task<void> wait_for(Shard& shard, std::function<void(bool)> done);
  async::Task<void> accept_all();
  void serve(net::Incoming incoming);
  async::Task<void> serve_on_shard(Shard& shard, net::Incoming incoming);
  async::Task<void> serve_lane(Shard& shard, std::unique_ptr<lane::Lane> lane);
  async::Task<void> serve_session(Shard& shard, std::unique_ptr<lane::Lane> lane, NodeName node);
  async::Task<void> answer_identity(Shard& shard, std::unique_ptr<lane::Lane> lane);
  void answer_question(const lane::PeerIdentity& peer,
                       const std::string& remote,
                       lane::Message question,
                       const IdentityExchange::Answer& answer);
  /// Counted always, logged at a bounded rate: anybody may knock. Thread: any.
  void note_refused(const lane::PeerIdentity& peer, const std::string& remote, Error why);

  void enter(std::shared_ptr<Session> session, lane::PeerIdentity peer);
  void leave(NodeName node, Epoch epoch, std::function<void()> done);
  void forget(const NodeName& node, Epoch epoch);
  void open(Open open, std::shared_ptr<NodeFeed> feed, std::function<void(OpenAnswer)> done);

  async::Executor control_;
  HubParts parts_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::size_t next_shard_ = 0;
  std::unique_ptr<net::Listener> listener_;
  async::TaskGroup tasks_;
  async::Wakeup room_;  // a handshake ended
  std::size_t handshakes_ = 0;
  HandshakeRate rate_;
  bool stopping_ = false;

  // Control loop only.
  SessionRegistry registry_;
  std::map<Epoch, Live> live_;
  std::map<Epoch, std::function<void()>> after_;  // what waits for this session's writes to end

  CaBundlePtr ca_bundle_;                  // control loop; null: not told yet
  std::shared_ptr<const DenySet> denied_;  // control loop; shards get a copy with each connection
  std::atomic<std::size_t> exchanges_{0};  // shards take and give back
  JoinRate refusal_lines_{{.per_name_per_second = 1, .all_per_second = 10}};
  SessionTraffic traffic_;
  metrics::Gauge& sessions_;
  metrics::Counter& connections_;
  metrics::Counter& refused_;
};

}  // namespace skerry::cloudhub
