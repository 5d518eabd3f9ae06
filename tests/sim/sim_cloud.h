// cloudcore as the protocol sees it: SessionProtocols with their wires, the registry, and the
// backend. The shell's work (cloudhub.cc, session.cc) in virtual time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "cloudcore/cloudhub/session_protocol.h"
#include "cloudcore/cloudhub/session_registry.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_link.h"

namespace skerry::sim {

class SimCloud {
 public:
  class Session;

  SimCloud(Run& run, ApiServer& api, ClusterId cluster);
  ~SimCloud();
  void start();
  /// The process dies now. `restart_after`: and comes back.
  void crash(Duration restart_after);
  bool alive() const { return backend_ != nullptr; }
  void poke();  // the API's history grew

  /// A TLS handshake with the certificate of `node` is done. False: nobody listens.
  bool accept(const NodeName& node, std::shared_ptr<SimLink> link);
  /// A new CA: edges are to hold another bundle from now on.
  void send_ca_bundle();
  /// What edges are to hold; zero: nothing yet.
  Digest ca_bundle() const { return bundle_ ? bundle_->digest : Digest{}; }
  /// An edge made this bundle durable.
  void note_bundle_stored(const NodeName& node, Digest digest) { stored_[node].insert(digest); }

  SimBackend* backend() const { return backend_.get(); }
  const cloudhub::SessionRegistry& registry() const { return registry_; }
  std::vector<std::shared_ptr<Session>> sessions() const;

 private:
  friend class Session;
  void admit(const std::shared_ptr<Session>& session, cloudhub::Open open);
  void open(const std::shared_ptr<Session>& session, const cloudhub::Open& open);
  void finished(const std::shared_ptr<Session>& session);

  Run& run_;
  ApiServer& api_;
  ClusterId cluster_;
  std::shared_ptr<SimBackend> backend_;
  cloudhub::SessionRegistry registry_;
  std::map<Epoch, std::shared_ptr<Session>> sessions_;  // not yet finished
  std::map<Epoch, std::vector<std::function<void()>>>
      after_finish_;  // opens that wait for an eviction
  cloudhub::CaBundlePtr bundle_;  // kept in the API: survives crashes
  int bundles_ = 0;
  std::map<NodeName, std::set<Digest>> stored_;
};

class SimCloud::Session final : public cloudhub::NodeFeed,
                                public std::enable_shared_from_this<Session> {
 public:
  Session(SimCloud& cloud, NodeName node, Epoch epoch, std::shared_ptr<SimLink> link);
  void start();
  void step();
  /// The process is gone: nothing is said, nothing is done any more.
  void kill(bool silent);

  // NodeFeed, from the control shard
  void desired(std::vector<cloudhub::DesiredChange> changes) override;
  void end(lane::Goodbye goodbye) override;

  const cloudhub::SessionProtocol& protocol() const { return protocol_; }
  cloudhub::SessionProtocol& protocol() { return protocol_; }
  /// The desired set as the controllers told this session last.
  const std::map<ObjectKey, ObjectPtr>& told() const { return told_; }
  bool opened_with_truth() const { return opened_with_truth_; }
  TimePoint known_until(Kind kind) const { return cloud_.backend_->known_until(kind); }
  std::size_t queued_bytes() const { return wire_.queued_bytes(); }
  bool finishing() const { return finishing_; }

 private:
  friend class SimCloud;
  void on_bytes(std::string_view bytes);
  void drain_feed();
  void opened(cloudhub::OpenAnswer answer);
  bool perform(cloudhub::Effect& effect);
  void carry_out(cloudhub::Effect& effect);
  void set_timer();
  void finish(bool silent);
  void check(const lane::Message& message);

  SimCloud& cloud_;
  Run& run_;
  std::shared_ptr<SimLink> link_;
  Wire wire_;
  cloudhub::SessionProtocol protocol_;
  std::deque<std::vector<cloudhub::DesiredChange>> posted_;
  std::map<ObjectKey, ObjectPtr> told_;
  bool opened_with_truth_ = false;
  bool dead_ = false;
  bool finishing_ = false;
  bool stepping_ = false;
  TimePoint timer_at_ = TimePoint::max();
};

}  // namespace skerry::sim
