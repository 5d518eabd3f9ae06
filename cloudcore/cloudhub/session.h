// One node's live session: SessionProtocol with hands. The shell only carries: bytes to and from
// the lane, effects to the controllers, answers back.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/cloudhub/session_protocol.h"
#include "cloudcore/cloudhub/session_traffic.h"
#include "common/async/task.h"
#include "common/lane/pump.h"
#include "common/seam/world.h"

namespace skerry::cloudhub {

/// What a session asks of the hub besides the controllers. Calls come from the session's shard.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// Admission by SessionRegistry, eviction of an older session, then NodeBackend::open.
  virtual void admit(Open open,
                     std::shared_ptr<NodeFeed> feed,
                     std::function<void(OpenAnswer)> done) = 0;
  virtual void renew(const lane::PeerIdentity& peer,
                     lane::RenewRequest request,
                     std::function<void(Result<lane::CertificateReply>)> done) = 0;
  virtual void holds_bundle(const NodeName& node, const Digest& digest) = 0;
  virtual SessionTraffic& traffic() = 0;
};

/// Owner: CloudHub's shard. Thread: its shard, except NodeFeed's calls, which post there.
class Session final : public NodeFeed,
                      public lane::Endpoint,
                      public std::enable_shared_from_this<Session> {
 public:
  Session(async::Executor shard,
          std::unique_ptr<lane::Lane> lane,
          NodeName node,
          Epoch epoch,
          NodeBackend& backend,
          SessionHost& host,
          seam::World world);

  /// Until the connection is over; the hub then closes the node at the backend.
  static async::Task<void> run(std::shared_ptr<Session> self);

  const NodeName& node() const { return protocol_.node(); }
  Epoch epoch() const { return protocol_.epoch(); }

  /// From the control shard: what the edge is to trust.
  void trust(CaBundlePtr bundle);

  // NodeFeed: from the control shard
  void desired(std::vector<DesiredChange> changes) override;
  void end(lane::Goodbye goodbye) override;

  // lane::Endpoint: from the pump
  void on_message(lane::Message message, TimePoint now) override;
  void on_received(TimePoint last_received) override { protocol_.on_received(last_received); }
  void on_time(TimePoint now) override { protocol_.on_time(now); }
  std::optional<lane::Message> next_message(TimePoint now, bool bulk_too) override;
  TimePoint next_deadline() const override { return protocol_.next_deadline(); }
  bool act() override;

 private:
  void perform(Open effect);
  void perform(PreparePod effect);
  void perform(Apply effect);
  void perform(MintToken effect);
  void perform(Refused effect);
  void perform(Renew effect);
  void perform(HoldsBundle effect);
  void perform(Close effect);
  void count();
  /// A callback that feeds an answer into the machine on the shard, if the session still lives.
  template <class Answer>
  auto back(void (Session::*enter)(Answer));

  void enter_opened(OpenAnswer answer);
  void enter_applied(lane::ReportVerdict verdict);
  void enter_token(lane::TokenGrant grant);
  void enter_certificate(Result<lane::CertificateReply> reply);

  async::Executor shard_;
  seam::World world_;
  NodeBackend& backend_;
  SessionHost& host_;
  SessionProtocol protocol_;
  lane::Pump pump_;
  std::string close_reason_;
  bool violated_ = false;  // the edge broke the rules
  bool closing_ = false;
  SessionProtocol::Figures counted_;
};

}  // namespace skerry::cloudhub
