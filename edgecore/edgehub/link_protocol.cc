#include "edgecore/edgehub/link_protocol.h"

#include <algorithm>
#include <utility>

#include "common/base/assert.h"
#include "common/lane/digest.h"

namespace skerry::edgehub {
namespace {

constexpr Duration kRedialDelayMin = 250ms;
constexpr Duration kGoodbyeDelayMin = 1s;

template <class... Ts>
struct Match : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Match(Ts...) -> Match<Ts...>;

Duration exponential(Duration first, Duration most, unsigned failures) {
  return std::min<Duration>(first * (1u << std::min(failures, 10u)), most);
}

}  // namespace

LinkProtocol::LinkProtocol(Identity identity, Admit admit, seam::Random& random, PlantedBugs bugs)
    : identity_(std::move(identity)),
      random_(random),
      bugs_(bugs),
      inbox_(std::move(admit), bugs.ack_before_commit),
      outbox_(random) {}

// ---- opening ------------------------------------------------------------------------------------

void LinkProtocol::on_connected(StoreState state, TimePoint now) {
  SKERRY_ASSERT(state_ == State::kOffline, "one connection at a time");
  inbox_.reset();
  outbox_.reset();
  control_.clear();
  effects_.clear();
  loading_.reset();
  goodbye_.reset();
  storage_failed_ = false;
  for (auto& [slot, question] : questions_) question.query = 0;
  store_ = std::move(state);
  lane::Hello hello;
  hello.node = identity_.node;
  hello.agent_version = identity_.agent_version;
  hello.boot = identity_.boot;
  hello.store = store_.store;
  hello.cluster = store_.cluster;
  hello.content = lane::content_digests(store_.content);
  hello.status = lane::status_digest(store_.status);
  hello.seen = store_.seen;
  hello.ca_bundle = identity_.ca_bundle;
  control_.emplace_back(std::move(hello));
  state_ = State::kHello;
  entered_ = last_received_ = last_sent_ = now;
}

void LinkProtocol::on_compare(const lane::Compare& compare, TimePoint now) {
  if (state_ != State::kHello) return violate("the cloud compares at the wrong time");
  lane::Listing listing;
  for (lane::ContentEntry& entry : store_.content) {
    const bool wanted = (compare.buckets >> lane::bucket_of(entry.key)) & 1;
    if (wanted) listing.content.push_back(std::move(entry));
  }
  if (compare.status) listing.status = std::move(store_.status);
  store_.content.clear();
  store_.status.clear();
  control_.emplace_back(std::move(listing));
  state_ = State::kListed;
  entered_ = now;
}

void LinkProtocol::on_welcome(const lane::Welcome& welcome, TimePoint now) {
  if (state_ != State::kHello && state_ != State::kListed) {
    return violate("the cloud welcomes at the wrong time");
  }
  entered_ = now;
  failures_ = 0;
  if (welcome.foreign_cluster) {
    state_ = State::kForeign;
    effects_.push_back(ForeignCluster{store_.cluster, welcome.cluster});
    return;
  }
  if (welcome.cluster != store_.cluster) inbox_.cluster(welcome.cluster);
  store_ = {};
  state_ = State::kLive;
  outbox_.start();
  effects_.push_back(Welcomed{welcome.in_sync});
}

// ---- messages -----------------------------------------------------------------------------------

void LinkProtocol::on_message(lane::Message message, TimePoint now) {
  if (state_ == State::kOffline || state_ == State::kClosing) return;
  const auto obey = [this](const Result<void>& result) {
    if (!result) violate(result.error().what);
  };
  std::visit(
      Match{
          [&](lane::Compare& m) { on_compare(m, now); },
          [&](lane::Welcome& m) { on_welcome(m, now); },
          [&](lane::Goodbye& m) { on_goodbye(m); },
          [&](lane::Upsert& m) {
            if (!live()) return violate("the cloud sends objects before its Welcome");
            obey(inbox_.upsert(std::move(m)));
          },
          [&](lane::Remove& m) {
            if (!live()) return violate("the cloud removes objects before its Welcome");
            obey(inbox_.remove(std::move(m)));
          },
          [&](lane::ReportAgain& m) {
            // A report on its way says it already.
            if (!live() || outbox_.has_state_of(m.key, m.uid)) return;
            effects_.push_back(ReportAgain{std::move(m.key), std::move(m.uid)});
          },
          [&](lane::ReportAck& m) { on_verdicts(m, now); },
          [&](lane::TokenGrant& m) { on_grant(std::move(m)); },
          [&](lane::CertificateReply& m) { effects_.push_back(NewCertificate{std::move(m)}); },
          [&](lane::CaBundle& m) { effects_.push_back(NewCaBundle{std::move(m.pem)}); },
          [&](lane::Ping&) {},
          [&](lane::Unhandled&) { ++unhandled_; },
          [&](auto&) { violate("the cloud sent a message that only an edge may send"); },
      },
      message);
  commit_if_idle();
  load_if_wanted();
}

void LinkProtocol::on_goodbye(const lane::Goodbye& goodbye) {
  goodbye_ = goodbye;
  disconnect("the cloud said goodbye: " + goodbye.reason);
}

void LinkProtocol::on_grant(lane::TokenGrant grant) {
  if (!live()) return;
  if (grant.query == 0) return inbox_.grant(std::move(grant));
  const auto question = questions_.find(grant.slot);
  if (question == questions_.end() || question->second.query != grant.query) return;
  questions_.erase(question);
  effects_.push_back(TokenArrived{std::move(grant)});
}

void LinkProtocol::on_verdicts(const lane::ReportAck& ack, TimePoint now) {
  if (!live()) return;
  for (const lane::ReportVerdict& verdict : ack.verdicts) {
    std::optional<LinkOutbox::Answered> answered = outbox_.verdict(verdict, now);
    if (!answered || !answered->done) continue;
    inbox_.report_done(verdict.seq);
    if (verdict.verdict == lane::Verdict::kRefused) {
      effects_.push_back(ReportRefused{answered->kind, std::move(answered->key), verdict.code});
    }
  }
}

// ---- the store ----------------------------------------------------------------------------------

void LinkProtocol::commit_if_idle() {
  // A commit of an earlier connection may still run; its effect is in this connection's Hello.
  if (committing_ || !live() || inbox_.empty()) return;
  committing_ = next_id_++;
  committing_here_ = true;
  effects_.push_back(Commit{*committing_, inbox_.take()});
}

void LinkProtocol::on_committed(std::uint64_t id, const Result<void>& result, TimePoint) {
  SKERRY_ASSERT(committing_ == id, "an answer to a commit that was not asked for");
  committing_.reset();
  const bool here = std::exchange(committing_here_, false);
  if (here && !result) {
    storage_failed_ = true;
    disconnect("the store did not take a batch: " + result.error().what);
  }
  if (here && result) {
    storage_failures_ = 0;
    inbox_.committed();
  }
  commit_if_idle();
}

void LinkProtocol::load_if_wanted() {
  if (!live() || loading_) return;
  std::optional<ReportSeq> after = outbox_.wanted_page();
  if (!after) return;
  loading_ = next_id_++;
  effects_.push_back(LoadReports{*loading_, *after, LinkOutbox::kPageReports});
}

void LinkProtocol::on_page(std::uint64_t id, std::vector<lane::Report> page, TimePoint) {
  if (loading_ != id) return;  // asked by an earlier connection
  loading_.reset();
  outbox_.page(std::move(page));
  load_if_wanted();
}

void LinkProtocol::on_reports(std::vector<lane::Report> added, TimePoint) {
  if (live()) outbox_.added(std::move(added));  // else the outbox is read at the next Welcome
}

// ---- questions ----------------------------------------------------------------------------------

bool LinkProtocol::ask_token(k8s::ObjectKey pod, lane::TokenSlot slot) {
  if (questions_.size() >= kTokenQueriesMax && !questions_.contains(slot)) return false;
  questions_[std::move(slot)] = Question{std::move(pod), 0, {}};
  return true;
}

bool LinkProtocol::renew(lane::RenewRequest request) {
  if (!live() && state_ != State::kForeign) return false;
  control_.emplace_back(std::move(request));
  return true;
}

void LinkProtocol::holds_ca_bundle(Digest digest) {
  identity_.ca_bundle = digest;
  if (live() || state_ == State::kForeign) control_.emplace_back(lane::CaBundleHeld{digest});
}

std::optional<lane::Message> LinkProtocol::next_question(TimePoint now) {
  std::size_t in_flight = 0;
  auto next = questions_.end();
  for (auto at = questions_.begin(); at != questions_.end(); ++at) {
    const bool asked = at->second.query != 0 && now < at->second.deadline;
    if (asked && ++in_flight >= kTokenQueriesInFlightMax) return std::nullopt;
    if (!asked && next == questions_.end()) next = at;
  }
  if (next == questions_.end()) return std::nullopt;
  next->second.query = next_query_++;
  next->second.deadline = now + kTokenQueryDeadline;
  return lane::TokenQuery{next->second.query, next->second.pod, next->first};
}

// ---- time and the end ---------------------------------------------------------------------------

void LinkProtocol::on_received(TimePoint last_received) {
  last_received_ = std::max(last_received_, last_received);
}

void LinkProtocol::on_time(TimePoint now) {
  if (state_ == State::kOffline || state_ == State::kClosing) return;
  if (now >= last_received_ + kPeerDeadAfter) {
    return disconnect("the cloud was silent for " + std::to_string(kPeerDeadAfter.count()) + " s");
  }
  const bool opening = state_ == State::kHello || state_ == State::kListed;
  if (opening && now >= entered_ + kWelcomeDeadline) return disconnect("no Welcome in time");
}

void LinkProtocol::disconnect(std::string reason, bool violation) {
  if (state_ == State::kClosing) return;
  state_ = State::kClosing;
  violated_ = violation;
  control_.clear();
  effects_.push_back(Disconnect{std::move(reason), violation});
}

Duration LinkProtocol::on_disconnected(Ended why, TimePoint) {
  state_ = State::kOffline;
  committing_here_ = false;
  const unsigned failures = failures_++;
  const std::optional<lane::Goodbye> goodbye = std::exchange(goodbye_, std::nullopt);
  const bool storage_failed = std::exchange(storage_failed_, false);
  if (std::exchange(violated_, false) || why == Ended::kViolation) {
    // A Welcome does not make up for it: what broke the rules may come again right behind the next.
    return random_.jittered(exponential(kGoodbyeDelayMin, kGoodbyeDelayMax, violations_++));
  }
  violations_ = 0;
  if (goodbye && goodbye->retry_after > 0ms) {
    // Spread over a quarter more, so that not all edges come back in one moment.
    const Duration wait = std::min<Duration>(goodbye->retry_after, 10 * kGoodbyeDelayMax);
    return wait + random_.jittered(wait / 4);
  }
  if (storage_failed) {
    return random_.jittered(exponential(kGoodbyeDelayMin, kGoodbyeDelayMax, storage_failures_++));
  }
  if (goodbye || why == Ended::kUnauthorized) {
    return random_.jittered(exponential(kGoodbyeDelayMin, kGoodbyeDelayMax, failures));
  }
  return random_.jittered(exponential(kRedialDelayMin, kRedialDelayMax, failures));
}

// ---- out ----------------------------------------------------------------------------------------

std::vector<Effect> LinkProtocol::take_effects() { return std::exchange(effects_, {}); }

std::optional<lane::Message> LinkProtocol::next_message(TimePoint now, bool reports_too) {
  if (state_ == State::kOffline || state_ == State::kClosing) return std::nullopt;
  std::optional<lane::Message> message = pull(now, reports_too);
  if (message) last_sent_ = now;
  return message;
}

std::optional<lane::Message> LinkProtocol::pull(TimePoint now, bool reports_too) {
  if (!control_.empty()) {
    lane::Message message = std::move(control_.front());
    control_.pop_front();
    return message;
  }
  if (live()) {
    if (std::optional<lane::Message> answer = inbox_.next()) return answer;
    if (std::optional<lane::Message> question = next_question(now)) return question;
    if (reports_too) {
      if (std::optional<lane::Report> report = outbox_.next(now)) {
        if (bugs_.outbox_cleared_on_send) {
          inbox_.report_done(report->seq);
          commit_if_idle();
        }
        return std::move(*report);
      }
    }
  }
  if (now >= last_sent_ + kEdgePingInterval) return lane::Ping{};
  return std::nullopt;
}

TimePoint LinkProtocol::next_deadline() const {
  if (state_ == State::kOffline || state_ == State::kClosing) return TimePoint::max();
  TimePoint deadline = std::min(last_received_ + kPeerDeadAfter, last_sent_ + kEdgePingInterval);
  if (state_ == State::kHello || state_ == State::kListed) {
    deadline = std::min<TimePoint>(deadline, entered_ + kWelcomeDeadline);
  }
  if (!live()) return deadline;
  for (const auto& [slot, question] : questions_) {
    if (question.query != 0) deadline = std::min(deadline, question.deadline);
  }
  return std::min(deadline, outbox_.next_deadline());
}

LinkProtocol::Figures LinkProtocol::figures() const {
  Figures figures;
  figures.upserts = inbox_.upserts;
  figures.removes = inbox_.removes;
  figures.refused = inbox_.refused;
  figures.reports = outbox_.sent;
  figures.retries = outbox_.retries;
  figures.unhandled = unhandled_;
  figures.reports_in_flight = outbox_.in_flight();
  figures.reports_loaded = outbox_.loaded();
  figures.batch_bytes = inbox_.gathered_bytes();
  return figures;
}

metamanager::Batch readmit_refused(const std::vector<metamanager::StoredObject>& objects,
                                   const LinkProtocol::Admit& admit) {
  metamanager::Batch batch;
  for (const metamanager::StoredObject& stored : objects) {
    if (stored.refused_code.empty() || !admit(*stored.object)) continue;
    metamanager::ObjectChange change;
    change.upsert.object = stored.object;
    batch.changes.push_back(std::move(change));
  }
  return batch;
}

}  // namespace skerry::edgehub
