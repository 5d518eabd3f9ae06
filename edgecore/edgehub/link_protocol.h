// The edge's half of the link to the cloud as a pure state machine: messages, commits and time in;
// messages, effects and the next deadline out. One per process; it survives reconnects. The shell
// (edge_hub.cc) and the simulator drive the same code.
//
// A message through the files: link_protocol.cc (opening, dispatch, liveness, redial) ->
// link_inbox.cc (batches, acks, nacks) and link_outbox.cc (reports). Source: design.md section 4.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"
#include "common/lane/message.h"
#include "common/seam/world.h"
#include "edgecore/edgehub/link_inbox.h"
#include "edgecore/edgehub/link_outbox.h"
#include "edgecore/metamanager/store.h"

namespace skerry::edgehub {

/// Test-only: mistakes that the simulation must find. All off in the product.
struct PlantedBugs {
  bool ack_before_commit = false;
  bool outbox_cleared_on_send = false;
};

/// One consistent state of the store (MetaManager::snapshot()), taken after the commits of earlier
/// connections have ended.
struct StoreState {
  StoreId store;
  ClusterId cluster;
  std::vector<lane::ContentEntry> content;
  std::vector<lane::StatusEntry> status;
  std::map<k8s::Kind, ResourceVersion> seen;
};

// ---- effects: what the machine asks of its shell ----------------------------------------------

/// MetaManager::commit; answer with on_committed(id, ...). At most one at a time.
struct Commit {
  std::uint64_t id = 0;  // unique in the process: a commit may outlive its connection
  metamanager::Batch batch;
};
/// MetaManager::reports_after(after, limit); answer with on_page().
struct LoadReports {
  std::uint64_t id = 0;
  ReportSeq after;
  std::size_t limit = 0;
};
/// The API's status of this object is not what was said last: report it again.
struct ReportAgain {
  k8s::ObjectKey key;
  Uid uid;
};
/// An answer to ask_token(). The receiver stores it when it is worth a write (design.md 4.10);
/// grants that come along with a pod are part of that pod's Commit and do not appear here.
struct TokenArrived {
  lane::TokenGrant grant;
};
/// The API refused this report for good: log and count it.
struct ReportRefused {
  lane::ReportKind kind;
  k8s::ObjectKey key;
  std::string code;
};
struct NewCertificate {
  lane::CertificateReply reply;
};
struct NewCaBundle {
  std::string pem;
};
/// Welcome arrived: the link is up.
struct Welcomed {
  bool in_sync = false;
};
/// The cloud is another cluster than the one this store belongs to: keep what runs, tell people.
struct ForeignCluster {
  ClusterId ours, theirs;
};
/// Close the lane, then call on_disconnected(). Last effect of a connection.
struct Disconnect {
  std::string reason;
  bool violation = false;  // the cloud broke the rules
};
using Effect = std::variant<Commit,
                            LoadReports,
                            ReportAgain,
                            TokenArrived,
                            ReportRefused,
                            NewCertificate,
                            NewCaBundle,
                            Welcomed,
                            ForeignCluster,
                            Disconnect>;

/// Why a connection or an attempt to get one ended.
enum class Ended : std::uint8_t {
  kLost,          // unreachable, refused, reset, silent
  kUnauthorized,  // the TLS handshake or the identity was refused
  kViolation,     // the cloud broke the rules
};

/// Owner: EdgeHub. Thread: edgecore's loop.
/// Limits: what waits for a commit is bounded by the cloud's window (a cloud that ignores it is cut
/// off); reports in memory: one per (kind, key, uid) of state plus LinkOutbox::kEventsLoadedMax.
/// Errors: a peer that breaks the rules, a failed commit: Disconnect, and the next Hello repairs.
class LinkProtocol {
 public:
  enum class State : std::uint8_t { kOffline, kHello, kListed, kLive, kForeign, kClosing, kCount };
  /// Says whether edged could act on this object. The code becomes the Nack's code.
  using Admit = std::function<Result<void>(const k8s::Object&)>;
  struct Identity {
    NodeName node;
    std::string agent_version;
    BootId boot;
    Digest ca_bundle{};  // of the CA bundle it trusts
  };
  static constexpr auto kWelcomeDeadline = std::chrono::seconds(180);  // a cloud that only pings
  static constexpr auto kTokenQueryDeadline = std::chrono::seconds(60);
  static constexpr std::size_t kTokenQueriesInFlightMax = 8;
  static constexpr std::size_t kTokenQueriesMax = 1024;  // over it ask_token() answers false

  LinkProtocol(Identity identity, Admit admit, seam::Random& random, PlantedBugs bugs = {});

  // ---- events in
  void on_connected(StoreState state, TimePoint now);
  void on_message(lane::Message message, TimePoint now);
  void on_committed(std::uint64_t id, const Result<void>& result, TimePoint now);
  /// MetaManager::on_reports_added: reports that just became durable. Also while offline.
  void on_reports(std::vector<lane::Report> added, TimePoint now);
  void on_page(std::uint64_t id, std::vector<lane::Report> page, TimePoint now);
  /// Lane::last_received(), before each on_time().
  void on_received(TimePoint last_received);
  void on_time(TimePoint now);
  /// The connection, or an attempt to get one, is over. Returns how long to wait before the next
  /// dial; an address or route change or a clock jump may dial at once.
  Duration on_disconnected(Ended why, TimePoint now);
  /// Whatever made dials fail may be gone (another network): waits begin short again.
  void forget_failures() { failures_ = 0; }

  /// Asks until answered, also over reconnects; the newest question of a slot counts. False: too
  /// many.
  bool ask_token(k8s::ObjectKey pod, lane::TokenSlot slot);
  /// Asks for a new certificate. False: the link is not up.
  bool renew(lane::RenewRequest request);
  /// This CA bundle is stored and used from now on: the cloud counts on it.
  void holds_ca_bundle(Digest digest);

  // ---- messages, effects and the next deadline out
  /// Control first; reports only while `reports_too` (the mux has little of class kObjects queued).
  std::optional<lane::Message> next_message(TimePoint now, bool reports_too);
  std::vector<Effect> take_effects();
  TimePoint next_deadline() const;

  State state() const { return state_; }
  bool live() const { return state_ == State::kLive; }

  struct Figures {
    std::uint64_t upserts = 0, removes = 0, refused = 0, reports = 0, retries = 0, unhandled = 0;
    std::size_t reports_in_flight = 0, reports_loaded = 0, batch_bytes = 0;
  };
  Figures figures() const;

 private:
  struct Question {
    k8s::ObjectKey pod;
    std::uint64_t query = 0;  // 0: not asked on this connection
    TimePoint deadline{};
  };
  void on_compare(const lane::Compare& compare, TimePoint now);
  void on_welcome(const lane::Welcome& welcome, TimePoint now);
  void on_goodbye(const lane::Goodbye& goodbye);
  void on_grant(lane::TokenGrant grant);
  void on_verdicts(const lane::ReportAck& ack, TimePoint now);
  void disconnect(std::string reason, bool violation = false);
  void violate(std::string reason) { disconnect(std::move(reason), /*violation=*/true); }
  void commit_if_idle();
  void load_if_wanted();
  std::optional<lane::Message> pull(TimePoint now, bool reports_too);
  std::optional<lane::Message> next_question(TimePoint now);

  Identity identity_;
  seam::Random& random_;
  PlantedBugs bugs_;
  State state_ = State::kOffline;
  StoreState store_;  // between on_connected and the Listing; then only ids
  TimePoint entered_{};
  TimePoint last_received_{};
  TimePoint last_sent_{};
  std::deque<lane::Message> control_;
  LinkInbox inbox_;
  LinkOutbox outbox_;
  std::map<lane::TokenSlot, Question> questions_;
  std::uint64_t next_query_ = 1;
  std::uint64_t next_id_ = 1;
  std::optional<std::uint64_t> committing_;  // may outlive the connection
  bool committing_here_ = false;             // its batch came over this connection
  std::optional<std::uint64_t> loading_;
  std::optional<lane::Goodbye> goodbye_;
  bool storage_failed_ = false;
  bool violated_ = false;
  unsigned failures_ = 0;          // in a row, since the last Welcome
  unsigned violations_ = 0;        // connections in a row that the cloud's mistakes ended
  unsigned storage_failures_ = 0;  // in a row; a Welcome does not end them, a commit does
  std::vector<Effect> effects_;
  std::uint64_t unhandled_ = 0;
};

/// After an upgrade of the agent: refused objects that are now fit to act upon, as one batch
/// (empty: none). They stay in the digest, so nothing crosses the link.
metamanager::Batch readmit_refused(const std::vector<metamanager::StoredObject>& objects,
                                   const LinkProtocol::Admit& admit);

}  // namespace skerry::edgehub
