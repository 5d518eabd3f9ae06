#include "cloudcore/cloudhub/session_protocol.h"

#include <algorithm>
#include <utility>

#include "common/base/assert.h"
#include "common/lane/digest.h"

namespace skerry::cloudhub {
namespace {

constexpr std::uint16_t kAllBuckets = 0xffff;
constexpr std::size_t kControlMax = 256;

bool edge_owns_status(const k8s::ObjectKey& key) {
  return k8s::info(key.kind).status_owner == k8s::StatusOwner::kEdge;
}

template <class... Ts>
struct Match : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Match(Ts...) -> Match<Ts...>;

}  // namespace

SessionProtocol::SessionProtocol(NodeName node, Epoch epoch, TimePoint now, PlantedBugs bugs)
    : node_(std::move(node)),
      epoch_(epoch),
      entered_(now),
      last_received_(now),
      last_sent_(now),
      delivery_(bugs.remove_ignores_uid) {}

// ---- opening ------------------------------------------------------------------------------------

void SessionProtocol::on_hello(lane::Hello hello, TimePoint now) {
  if (state_ != State::kHello) return violate("a second Hello on one connection");
  if (hello.node != node_) return violate("the Hello names a node that the certificate does not");
  if (hello.store.empty()) return violate("the Hello names no store");
  if (hello.cut_rules == 0) return violate("the Hello names no cut rules");
  if (hello.protocol_min > lane::kProtocolVersion || hello.protocol_max < lane::kProtocolVersion) {
    return violate("no common protocol version: this cloudcore speaks " +
                   std::to_string(lane::kProtocolVersion) + ", the edge " +
                   std::to_string(hello.protocol_min) + " to " +
                   std::to_string(hello.protocol_max));
  }
  store_ = hello.store;
  effects_.push_back(Open{
      {node_, epoch_, hello.cluster, hello.seen}, hello.store, hello.boot, hello.agent_version});
  bundle_held_ = hello.ca_bundle;
  hello_ = std::move(hello);
  enter(State::kOpening, now);
}

void SessionProtocol::on_opened(OpenAnswer answer, TimePoint now) {
  if (state_ != State::kOpening) return;  // ended meanwhile
  if (auto* goodbye = std::get_if<lane::Goodbye>(&answer)) return end(std::move(*goodbye), now);
  Opened& opened = std::get<Opened>(answer);
  cluster_ = std::move(opened.cluster);
  if (opened.foreign_cluster) {
    control_.emplace_back(lane::Welcome{epoch_, false, cluster_, true});
    enter(State::kForeign, now);
    return offer_bundle();
  }
  for (const k8s::ObjectPtr& object : opened.desired) {
    if (edge_owns_status(object->key)) {
      reports_.api_status(object->key, object->uid, object->status_hash, now);
    }
  }
  delivery_.start(std::move(opened.desired));
  compare(now);
}

void SessionProtocol::compare(TimePoint now) {
  const lane::Buckets ours = delivery_.digests();
  std::uint16_t differing = 0;
  for (std::size_t i = 0; i < lane::kBuckets; ++i) {
    if (ours[i] != hello_.content[i]) differing |= static_cast<std::uint16_t>(1u << i);
  }
  const bool status_differs = lane::status_digest(delivery_.statuses()) != hello_.status;
  delivery_.assume_held(static_cast<std::uint16_t>(kAllBuckets & ~differing));
  if (!status_differs) reports_.assume_reported();
  asked_ = lane::Compare{differing, status_differs};
  hello_ = {};
  if (differing == 0 && !status_differs) {
    delivery_.held({}, 0);
    return welcome(true, now);
  }
  control_.emplace_back(asked_);
  enter(State::kComparing, now);
}

void SessionProtocol::on_listing(lane::Listing listing, TimePoint now) {
  if (state_ != State::kComparing) return violate("a Listing that nobody asked for");
  delivery_.held(listing.content, asked_.buckets);
  if (asked_.status) {
    for (const lane::StatusEntry& entry : listing.status) reports_.edge_status(entry, now);
  }
  welcome(asked_.buckets == 0, now);
}

void SessionProtocol::welcome(bool in_sync, TimePoint now) {
  control_.emplace_back(lane::Welcome{epoch_, in_sync, cluster_, false});
  enter(State::kLive, now);
  offer_bundle();
}

// ---- messages -----------------------------------------------------------------------------------

void SessionProtocol::on_message(lane::Message message, TimePoint now) {
  if (state_ == State::kEnded) return;
  std::visit(Match{
                 [&](lane::Hello& m) { on_hello(std::move(m), now); },
                 [&](lane::Listing& m) { on_listing(std::move(m), now); },
                 [&](lane::Ack& m) {
                   if (!delivery_.acked(m.seq)) violate("an Ack of what was never sent");
                 },
                 [&](lane::Nack& m) {
                   if (k8s::ObjectPtr object = delivery_.nacked(m.seq)) {
                     ++nacks_;
                     effects_.push_back(Refused{std::move(object), std::move(m)});
                   }
                 },
                 [&](lane::Report& m) {
                   if (!settled()) return violate("a Report before the Welcome");
                   if (state_ == State::kForeign) return reports_.defer(m.seq);
                   if (!reports_.receive(std::move(m), now))
                     violate("more reports in flight than allowed");
                 },
                 [&](lane::TokenQuery& m) { on_token_query(std::move(m)); },
                 [&](lane::RenewRequest& m) {
                   if (renewing_) return;
                   renewing_ = true;
                   effects_.push_back(Renew{std::move(m)});
                 },
                 [&](lane::CaBundleHeld& m) {
                   bundle_held_ = m.digest;
                   if (settled()) offer_bundle();
                 },
                 [&](lane::Goodbye& m) { close("the edge said goodbye: " + m.reason); },
                 [&](lane::JoinRequest&) { violate("a node that has a certificate joins again"); },
                 [&](lane::Ping&) {},
                 [&](lane::Unhandled&) { ++unhandled_; },
                 [&](auto&) { violate("a message that only the cloud may send"); },
             },
             message);
  collect_effects();
}

void SessionProtocol::on_token_query(lane::TokenQuery query) {
  if (!settled()) return violate("a TokenQuery before the Welcome");
  const bool full = token_queries_.size() >= kTokenQueriesMax;
  if (full || state_ == State::kForeign) {
    if (control_.size() >= kControlMax)
      return violate("more token queries than answers can be sent");
    lane::TokenGrant grant;
    grant.query = query.query;
    grant.slot = std::move(query.slot);
    grant.error = full ? "too many token queries at once" : "this edge belongs to another cluster";
    control_.emplace_back(std::move(grant));
    return;
  }
  if (!token_queries_.emplace(query.query, query.slot).second)
    return;  // asked twice, answered once
  effects_.push_back(MintToken{std::move(query)});
}

void SessionProtocol::on_token(lane::TokenGrant grant, TimePoint) {
  if (state_ == State::kEnded || token_queries_.erase(grant.query) == 0) return;
  control_.emplace_back(std::move(grant));
}

void SessionProtocol::on_certificate(Result<lane::CertificateReply> reply, TimePoint) {
  renewing_ = false;
  if (reply && state_ != State::kEnded) control_.emplace_back(std::move(*reply));
}

void SessionProtocol::on_ca_bundle(CaBundlePtr bundle, TimePoint) {
  SKERRY_ASSERT(bundle, "no CA bundle");
  bundle_ = std::move(bundle);
  if (settled()) offer_bundle();
}

/// Once per connection and bundle: an edge that cannot store it says so in its own log.
void SessionProtocol::offer_bundle() {
  if (!bundle_) return;
  const Digest& wanted = bundle_->digest;
  if (bundle_held_ == wanted) {
    if (bundle_told_ != wanted) effects_.push_back(HoldsBundle{wanted});
    bundle_told_ = wanted;
  } else if (bundle_offered_ != wanted) {
    control_.emplace_back(lane::CaBundle{bundle_->pem});
    bundle_offered_ = wanted;
  }
}

// ---- the controllers' answers -------------------------------------------------------------------

void SessionProtocol::on_desired(std::vector<DesiredChange> changes, TimePoint now) {
  if (state_ != State::kComparing && state_ != State::kLive) return;
  for (const DesiredChange& change : changes) {
    if (!delivery_.change(change) || !edge_owns_status(change.key)) continue;
    if (change.object) {
      reports_.api_status(change.key, change.object->uid, change.object->status_hash, now);
    } else {
      reports_.forget(change.key);
    }
  }
  collect_effects();
}

void SessionProtocol::on_prepared(const Uid& pod, PodPrelude prelude, TimePoint) {
  if (state_ != State::kLive) return;
  delivery_.prepared(pod, std::move(prelude));
  collect_effects();
}

void SessionProtocol::on_applied(lane::ReportVerdict verdict, TimePoint now) {
  if (state_ == State::kEnded) return;
  reports_.applied(verdict, now);
  collect_effects();
}

// ---- time and the end ---------------------------------------------------------------------------

void SessionProtocol::on_received(TimePoint last_received) {
  last_received_ = std::max(last_received_, last_received);
}

void SessionProtocol::on_time(TimePoint now) {
  if (state_ == State::kEnded) return;
  if (now >= last_received_ + kPeerDeadAfter) {
    control_.clear();  // nobody hears it
    return close("the edge was silent for " + std::to_string(kPeerDeadAfter.count()) + " s");
  }
  if (state_ == State::kHello && now >= entered_ + kHelloDeadline) violate("no Hello in time");
  if (state_ == State::kComparing && now >= entered_ + kListingDeadline)
    violate("no Listing in time");
  if (state_ == State::kOpening && now >= entered_ + kOpenDeadline) {
    end({lane::GoodbyeCode::kNotReady, "the cluster's state is not known yet", 5s}, now);
  }
}

void SessionProtocol::end(lane::Goodbye goodbye, TimePoint) {
  if (state_ == State::kEnded) return;
  control_.clear();
  std::string reason = goodbye.reason;
  control_.emplace_back(std::move(goodbye));
  close(std::move(reason));
}

void SessionProtocol::violate(std::string reason) {
  if (state_ == State::kEnded) return;
  control_.clear();
  control_.emplace_back(lane::Goodbye{lane::GoodbyeCode::kProtocol, reason, {}});
  close(std::move(reason), /*violation=*/true);
}

void SessionProtocol::close(std::string reason, bool violation) {
  state_ = State::kEnded;
  effects_.push_back(Close{std::move(reason), violation});
}

void SessionProtocol::enter(State state, TimePoint now) {
  state_ = state;
  entered_ = now;
  collect_effects();
}

// ---- out ----------------------------------------------------------------------------------------

void SessionProtocol::collect_effects() {
  if (state_ != State::kLive) return;
  for (k8s::ObjectPtr& pod : delivery_.take_prepares())
    effects_.push_back(PreparePod{std::move(pod)});
  for (lane::Report& report : reports_.take_applies()) effects_.push_back(Apply{std::move(report)});
}

std::vector<Effect> SessionProtocol::take_effects() {
  collect_effects();
  return std::exchange(effects_, {});
}

std::optional<lane::Message> SessionProtocol::next_message(TimePoint now, bool objects_too) {
  std::optional<lane::Message> message = pull(now, objects_too);
  if (message) last_sent_ = now;
  return message;
}

std::optional<lane::Message> SessionProtocol::pull(TimePoint now, bool objects_too) {
  if (!control_.empty()) {
    lane::Message message = std::move(control_.front());
    control_.pop_front();
    return message;
  }
  if (state_ == State::kEnded) return std::nullopt;
  if (settled()) {
    if (std::optional<lane::ReportAck> ack = reports_.next_ack()) return std::move(*ack);
  }
  if (state_ == State::kLive) {
    if (std::optional<lane::ReportAgain> again = reports_.next_again(now)) return std::move(*again);
    if (objects_too) {
      if (std::optional<lane::Message> message = delivery_.next()) return message;
    }
  }
  if (now >= last_sent_ + kCloudPingInterval) return lane::Ping{};
  return std::nullopt;
}

TimePoint SessionProtocol::next_deadline() const {
  if (state_ == State::kEnded) return TimePoint::max();
  TimePoint deadline = std::min(last_received_ + kPeerDeadAfter, last_sent_ + kCloudPingInterval);
  if (state_ == State::kHello) deadline = std::min<TimePoint>(deadline, entered_ + kHelloDeadline);
  if (state_ == State::kOpening) deadline = std::min<TimePoint>(deadline, entered_ + kOpenDeadline);
  if (state_ == State::kComparing)
    deadline = std::min<TimePoint>(deadline, entered_ + kListingDeadline);
  if (state_ == State::kLive) deadline = std::min(deadline, reports_.next_deadline());
  return deadline;
}

SessionProtocol::Figures SessionProtocol::counts() const {
  Figures figures;
  figures.upserts = delivery_.upserts;
  figures.removes = delivery_.removes;
  figures.reports = reports_.reports;
  figures.reports_again = reports_.again;
  figures.unhandled = unhandled_;
  figures.nacks = nacks_;
  return figures;
}

SessionProtocol::Figures SessionProtocol::figures() const {
  Figures figures = counts();
  figures.objects = delivery_.objects();
  figures.waiting = delivery_.waiting();
  figures.bytes_in_flight = delivery_.bytes_in_flight();
  figures.reports_pending = reports_.pending();
  return figures;
}

}  // namespace skerry::cloudhub
