// The link to the cloud: LinkProtocol with hands. Dials, carries bytes, commits what arrives to the
// store, and dials again; the rest of edgecore never waits for it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/lane/pump.h"
#include "common/seam/world.h"
#include "edgecore/edgehub/link_protocol.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edgehub {

/// What `edgecore status` and /metrics say about the link.
struct LinkStatus {
  bool live = false;
  bool foreign_cluster = false;
  std::string last_error;  // why the last connection or attempt ended; empty: none yet
  WallTime since{};        // of the present state
  std::uint64_t connections = 0;
  LinkProtocol::Figures figures;
};

/// What the link tells the rest of edgecore. All calls on the loop.
struct LinkHandlers {
  std::function<void(k8s::ObjectKey, Uid)> report_again;
  std::function<void(lane::TokenGrant)> token;
  std::function<void(bool live)> link_changed;
  std::function<void(lane::CertificateReply)> new_certificate;
  std::function<void(std::string pem)> new_ca_bundle;
};

/// Owner: App. Thread: the loop.
class EdgeHub final : public lane::Endpoint {
 public:
  /// One attempt to get a connection, with a deadline of its own.
  using Dial = std::function<async::Task<Result<std::unique_ptr<lane::Lane>>>()>;

  EdgeHub(async::Executor executor,
          seam::World world,
          LinkProtocol::Identity identity,
          LinkProtocol::Admit admit,
          metamanager::MetaManager& meta,
          Dial dial,
          LinkHandlers handlers);
  ~EdgeHub() override;

  /// Dials, serves, waits and dials again until stop().
  async::Task<void> run();
  void stop();
  /// The network changed or the clock jumped: do not wait for the backoff, and prove that an open
  /// connection still works.
  void redial_now();

  /// See LinkProtocol::ask_token, renew, holds_ca_bundle.
  bool ask_token(k8s::ObjectKey pod, lane::TokenSlot slot);
  bool renew(lane::RenewRequest request);
  void holds_ca_bundle(Digest digest);
  LinkStatus status() const;

  // lane::Endpoint
  void on_message(lane::Message message, TimePoint now) override;
  void on_received(TimePoint last_received) override;
  void on_time(TimePoint now) override;
  std::optional<lane::Message> next_message(TimePoint now, bool bulk_too) override;
  TimePoint next_deadline() const override;
  bool act() override;

 private:
  async::Task<Ended> connect_once();
  void wake();
  void set_live(bool live);

  void perform(Commit effect);
  void perform(LoadReports effect);
  void perform(ReportAgain effect);
  void perform(TokenArrived effect);
  void perform(ReportRefused effect);
  void perform(NewCertificate effect);
  void perform(NewCaBundle effect);
  void perform(Welcomed effect);
  void perform(ForeignCluster effect);
  void perform(Disconnect effect);
  async::Task<void> load_reports(LoadReports effect);

  async::Executor executor_;
  seam::World world_;
  metamanager::MetaManager& meta_;
  Dial dial_;
  LinkHandlers handlers_;
  LinkProtocol protocol_;
  async::TaskGroup tasks_;
  async::Wakeup redial_;
  std::unique_ptr<lane::Pump> pump_;  // while connected
  LinkStatus status_;
  bool disconnecting_ = false;
  bool violated_ = false;  // by the cloud, on the connection of now
  bool stopping_ = false;
};

}  // namespace skerry::edgehub
