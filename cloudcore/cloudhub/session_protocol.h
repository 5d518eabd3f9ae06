// The cloud's half of one session as a pure state machine: messages, answers and time in; messages,
// effects and the next deadline out. No I/O, no clock, no coroutine: the shell (session.cc) and the
// simulator drive the same code.
//
// A message through the files: session_protocol.cc (opening, dispatch, liveness) ->
// session_delivery.cc (the set of dirty keys, downstream) -> session_reports.cc (upstream).
// Source: design.md section 4.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/cloudhub/session_delivery.h"
#include "cloudcore/cloudhub/session_reports.h"
#include "common/base/units.h"
#include "common/lane/message.h"

namespace skerry::cloudhub {

/// Test-only: mistakes that the simulation must find. All off in the product.
struct PlantedBugs {
  bool remove_ignores_uid = false;  // a late "gone" of an old uid takes the new one away
  bool cleanup_ignores_epoch =
      false;  // the old session's cleanup removes the new one (SessionRegistry)
};

// ---- effects: what the machine asks of its shell ----------------------------------------------

/// Ask SessionRegistry for admission, wait until an evicted session's writes ended, then
/// NodeBackend::open; answer with on_opened().
struct Open {
  OpenRequest request;
  StoreId store;
  BootId boot;
  std::string agent_version;
};
/// NodeBackend::prepare_pod; answer with on_prepared(). Always answered, or the pod waits for ever.
struct PreparePod {
  k8s::ObjectPtr pod;
};
/// NodeBackend::apply with this session's epoch and store(); answer with on_applied().
struct Apply {
  lane::Report report;
};
/// NodeBackend::token; answer with on_token().
struct MintToken {
  lane::TokenQuery query;
};
/// NodeBackend::refused.
struct Refused {
  k8s::ObjectPtr object;
  lane::Nack nack;
};
/// A new certificate for the peer's own node; answer with on_certificate().
struct Renew {
  lane::RenewRequest request;
};
/// Send what next_message() still gives (a Goodbye at most), then close the lane. Last effect.
struct Close {
  std::string reason;
  bool violation = false;  // the edge broke the rules
};
/// The edge holds the CA bundle with this digest, which is the one it was to hold. Once per bundle.
struct HoldsBundle {
  Digest digest;
};
using Effect = std::variant<Open, PreparePod, Apply, MintToken, Refused, Renew, HoldsBundle, Close>;

/// What edges are to trust.
struct CaBundle {
  std::string pem;
  Digest digest;  // of `pem`
};
using CaBundlePtr = std::shared_ptr<const CaBundle>;

/// Purpose: everything the cloud says to one node and why.
/// Owner: the session's shell. Thread: its shard.
/// Limits: memory is proportional to the node's desired objects (one slot each, the objects
/// themselves are shared with the cache) plus one Listing (kMessageBytesMax), kReportsInFlightMax *
/// 2 reports, kTokenQueriesMax queries, kPreparesMax preludes. Bytes in flight:
/// kUpsertBytesInFlightMax, or one object where that alone is larger. Errors: a peer that breaks
/// the rules gets Goodbye{kProtocol} and Close.
class SessionProtocol {
 public:
  enum class State : std::uint8_t {
    kHello,      // waiting for Hello
    kOpening,    // waiting for the backend's truth
    kComparing,  // waiting for the Listing
    kLive,
    kForeign,  // another cluster's store: nothing is sent or removed
    kEnded,
    kCount,
  };
  static constexpr auto kHelloDeadline = std::chrono::seconds(20);
  static constexpr auto kOpenDeadline = std::chrono::seconds(60);
  static constexpr auto kListingDeadline =
      std::chrono::seconds(120);  // 20,000 entries at 256 kbit/s
  static constexpr std::size_t kTokenQueriesMax = 16;

  /// `node`: from the certificate. `epoch`: from SessionRegistry::next_epoch().
  SessionProtocol(NodeName node, Epoch epoch, TimePoint now, PlantedBugs bugs = {});

  // ---- events in
  void on_message(lane::Message message, TimePoint now);
  void on_opened(OpenAnswer answer, TimePoint now);
  void on_desired(std::vector<DesiredChange> changes, TimePoint now);
  void on_prepared(const Uid& pod, PodPrelude prelude, TimePoint now);
  void on_applied(lane::ReportVerdict verdict, TimePoint now);
  void on_token(lane::TokenGrant grant, TimePoint now);
  /// An error is not told to the edge: it asks again when it thinks of it.
  void on_certificate(Result<lane::CertificateReply> reply, TimePoint now);
  /// What the edge is to trust; sent when it does not, now or at the Welcome.
  void on_ca_bundle(CaBundlePtr bundle, TimePoint now);
  /// Lane::last_received(), before each on_time().
  void on_received(TimePoint last_received);
  void on_time(TimePoint now);
  /// The controllers, an eviction or a shutdown end the session.
  void end(lane::Goodbye goodbye, TimePoint now);

  // ---- messages, effects and the next deadline out
  /// The next message, control first; nothing: nothing to say now. Objects are chosen at this
  /// moment, so the newest version goes out; the shell sets `objects_too` while the mux has little
  /// of class kObjects queued. Ask again after every event.
  std::optional<lane::Message> next_message(TimePoint now, bool objects_too);
  std::vector<Effect> take_effects();
  /// When on_time() has something to do at the latest.
  TimePoint next_deadline() const;

  State state() const { return state_; }
  const NodeName& node() const { return node_; }
  Epoch epoch() const { return epoch_; }
  const StoreId& store() const { return store_; }

  struct Figures {
    std::uint64_t upserts = 0, removes = 0, nacks = 0, reports = 0, reports_again = 0,
                  unhandled = 0;
    std::size_t objects = 0, waiting = 0, bytes_in_flight = 0, reports_pending = 0;
  };
  Figures figures() const;
  /// Only what is counted, without what is measured: cheap.
  Figures counts() const;

 private:
  void on_hello(lane::Hello hello, TimePoint now);
  void on_listing(lane::Listing listing, TimePoint now);
  void on_token_query(lane::TokenQuery query);
  void compare(TimePoint now);
  void welcome(bool in_sync, TimePoint now);
  void violate(std::string reason);
  void close(std::string reason, bool violation = false);
  void enter(State state, TimePoint now);
  void offer_bundle();
  void collect_effects();
  bool settled() const { return state_ == State::kLive || state_ == State::kForeign; }
  std::optional<lane::Message> pull(TimePoint now, bool objects_too);

  NodeName node_;
  Epoch epoch_;
  State state_ = State::kHello;
  TimePoint entered_;
  TimePoint last_received_;
  TimePoint last_sent_;
  StoreId store_;
  lane::Hello hello_;
  ClusterId cluster_;
  lane::Compare asked_;
  // Bounded: one per event of the opening, grants, bundles. A list, here and in the parts below:
  // of thousands of idle sessions an empty queue must not hold memory, as a deque does.
  std::list<lane::Message> control_;
  std::map<std::uint64_t, lane::TokenSlot> token_queries_;
  bool renewing_ = false;
  CaBundlePtr bundle_;     // null: not told yet
  Digest bundle_held_;     // as the edge says
  Digest bundle_offered_;  // sent over this connection
  Digest bundle_told_;     // HoldsBundle was given for it
  SessionDelivery delivery_;
  SessionReports reports_;
  std::vector<Effect> effects_;
  std::uint64_t unhandled_ = 0;
  std::uint64_t nacks_ = 0;
};

}  // namespace skerry::cloudhub
