// The link to the cloud: LinkProtocol with hands. Dials, carries bytes, commits what arrives to the
// store, and dials again; the rest of edgecore never waits for it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/lane/pump.h"
#include "common/seam/world.h"
#include "edgecore/edgehub/link_protocol.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edgehub {

/// Why the link dials again.
enum class RedialCause : std::uint8_t {
  kBackoff,  // the wait after a failure or a lost connection is over
  kNetwork,  // an address or a default route came, went or changed
  kClock,    // the clock was set
  kSleep,    // the machine slept
  kCount
};
const char* to_string(RedialCause cause);

/// What `edgecore status` and /metrics say about the link.
struct LinkStatus {
  bool live = false;
  bool foreign_cluster = false;
  std::string last_error;  // why the last connection or attempt ended; empty: none yet
  WallTime since{};        // of the present state
  std::uint64_t connections = 0;
  std::uint64_t failed_dials = 0;
  std::uint64_t reports_refused = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(RedialCause::kCount)> redials{};
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
  /// Do not wait for the backoff, nor for a dial that was begun before. Nothing while connected.
  void redial_now(RedialCause cause);
  /// The connection cannot work any more: give it up, and dial.
  void reconnect(RedialCause cause);
  /// Of the connection; empty: there is none.
  std::string local_address() const;

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
  /// Dials that nobody waits for any more end by their own deadline.
  static constexpr std::size_t kDialsMax = 4;
  struct Attempt {
    std::optional<Result<std::unique_ptr<lane::Lane>>> lane;
  };
  async::Task<Ended> connect_once();
  async::Task<void> dial_into(std::shared_ptr<Attempt> attempt);
  async::Task<Ended> serve(std::unique_ptr<lane::Lane> lane);
  async::Task<void> wait_for_redial(Duration backoff);
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
  async::Wakeup changed_;  // a dial ended, a redial was asked for, stop()
  std::size_t dials_ = 0;  // that run
  std::optional<RedialCause> redial_asked_;
  std::unique_ptr<lane::Pump> pump_;  // while connected
  LinkStatus status_;
  bool disconnecting_ = false;
  bool violated_ = false;  // by the cloud, on the connection of now
  bool stopping_ = false;
};

}  // namespace skerry::edgehub
