#include "tests/sim/sim_cloud.h"

#include "tests/sim/invariants.h"

namespace skerry::sim {
namespace {

constexpr const char* kEffects[] = {"Open",    "PreparePod", "Apply",       "MintToken",
                                    "Refused", "Renew",      "HoldsBundle", "Close"};
static_assert(std::size(kEffects) == std::variant_size_v<cloudhub::Effect>);

}  // namespace

// ---- the process --------------------------------------------------------------------------------

SimCloud::SimCloud(Run& run, ApiServer& api, ClusterId cluster)
    : run_(run),
      api_(api),
      cluster_(std::move(cluster)),
      registry_(run.bugs.cloud.cleanup_ignores_epoch) {
  for (const char* state : {"hello", "opening", "comparing", "live", "foreign"}) {
    run.coverage.expect(std::string("cut cloud ") + state);
  }
  for (const char* what :
       {"410", "stale list", "nack", "session evicted", "another store is refused",
        "Hello before the truth is known", "session closed while its writes run",
        "edge has seen more than a restored API"}) {
    run.coverage.expect(what);
  }
  for (const char* effect : kEffects) {
    run.coverage.expect(std::string("crash cloud before ") + effect);
    run.coverage.expect(std::string("crash cloud after ") + effect);
  }
}

SimCloud::~SimCloud() {
  for (auto& [epoch, session] : sessions_) session->kill(true);
}

void SimCloud::start() {
  run_.note("cloud starts");
  registry_ = cloudhub::SessionRegistry(run_.bugs.cloud.cleanup_ignores_epoch);
  backend_ = std::make_shared<SimBackend>(run_, api_, cluster_);
  backend_->start();
}

void SimCloud::crash(Duration restart_after) {
  if (!backend_) return;
  run_.note("cloud dies");
  backend_->stop();
  backend_.reset();
  const bool silent = run_.random.chance(40);
  auto sessions = std::move(sessions_);
  sessions_.clear();
  after_finish_.clear();
  for (auto& [epoch, session] : sessions) session->kill(silent);
  // A session may be on the stack: it is let go after the event.
  run_.scheduler.after(Duration::zero(), [sessions = std::move(sessions)] {});
  run_.scheduler.after(restart_after, [this] { start(); });
}

void SimCloud::poke() {
  if (backend_) backend_->poke();
}

bool SimCloud::accept(const NodeName& node, std::shared_ptr<SimLink> link) {
  if (!alive()) return false;
  const Epoch epoch = registry_.next_epoch();
  auto session = std::make_shared<Session>(*this, node, epoch, std::move(link));
  if (bundle_) session->protocol().on_ca_bundle(bundle_, run_.now());
  sessions_[epoch] = session;
  session->start();
  return true;
}

void SimCloud::send_ca_bundle() {
  const std::string pem = "bundle " + std::to_string(++bundles_);
  bundle_ = std::make_shared<const cloudhub::CaBundle>(cloudhub::CaBundle{pem, digest(pem)});
  for (const auto& session : sessions()) {
    session->protocol().on_ca_bundle(bundle_, run_.now());
    session->step();
  }
}

std::vector<std::shared_ptr<SimCloud::Session>> SimCloud::sessions() const {
  std::vector<std::shared_ptr<Session>> out;
  for (const auto& [epoch, session] : sessions_) out.push_back(session);
  return out;
}

void SimCloud::admit(const std::shared_ptr<Session>& session, cloudhub::Open request) {
  const NodeName node = session->protocol().node();
  const auto decision = registry_.admit(node, request.store, session->protocol().epoch());
  if (const auto* goodbye = std::get_if<lane::Goodbye>(&decision)) {
    run_.coverage.count("another store is refused");
    return session->end(*goodbye);
  }
  const auto evict = std::get<cloudhub::SessionRegistry::Admitted>(decision).evict;
  const auto old = evict ? sessions_.find(*evict) : sessions_.end();
  if (old == sessions_.end()) return open(session, request);
  run_.coverage.count("session evicted");
  after_finish_[*evict].push_back([this, session, request] { open(session, request); });
  old->second->end({lane::GoodbyeCode::kReplaced, "a newer session of this store", {}});
}

void SimCloud::open(const std::shared_ptr<Session>& session, const cloudhub::Open& request) {
  if (!backend_ || session->finishing()) return;
  backend_->open(request.request, session,
                 [session](cloudhub::OpenAnswer answer) { session->opened(std::move(answer)); });
}

/// The session's API writes have ended.
void SimCloud::finished(const std::shared_ptr<Session>& session) {
  const Epoch epoch = session->protocol().epoch();
  sessions_.erase(epoch);
  registry_.forget(session->protocol().node(), epoch);
  const auto waiting = after_finish_.find(epoch);
  if (waiting == after_finish_.end()) return;
  const auto opens = std::move(waiting->second);
  after_finish_.erase(waiting);
  for (const auto& open : opens) open();
}

// ---- one session --------------------------------------------------------------------------------

SimCloud::Session::Session(SimCloud& cloud,
                           NodeName node,
                           Epoch epoch,
                           std::shared_ptr<SimLink> link)
    : cloud_(cloud),
      run_(cloud.run_),
      link_(link),
      wire_(link, Side::kCloud),
      protocol_(std::move(node), epoch, cloud.run_.now(), cloud.run_.bugs.cloud) {}

void SimCloud::Session::start() {
  const std::weak_ptr<Session> weak = weak_from_this();
  link_->on_cut([weak] {
    const auto self = weak.lock();
    if (self) self->run_.coverage.count(std::string("cut cloud ") + name(self->protocol_.state()));
  });
  link_->attach(Side::kCloud, {[weak](std::string_view bytes) {
                                 if (const auto self = weak.lock()) self->on_bytes(bytes);
                               },
                               [weak] {
                                 if (const auto self = weak.lock()) self->finish(true);
                               },
                               [weak] {
                                 if (const auto self = weak.lock()) self->step();
                               }});
  step();
}

void SimCloud::Session::kill(bool silent) {
  dead_ = true;
  link_->close(Side::kCloud, silent);
}

void SimCloud::Session::on_bytes(std::string_view bytes) {
  if (dead_ || finishing_) return;
  protocol_.on_received(run_.now());
  Result<std::vector<lane::Message>> messages = wire_.receive(bytes);
  if (!messages) return run_.complain("every byte sent can be read", messages.error().what);
  for (lane::Message& message : *messages) {
    run_.note("cloud hears", message.index());
    protocol_.on_message(std::move(message), run_.now());
  }
  step();
}

void SimCloud::Session::opened(cloudhub::OpenAnswer answer) {
  if (dead_ || finishing_) return;
  if (const auto* opened = std::get_if<cloudhub::Opened>(&answer)) {
    for (const ObjectPtr& object : opened->desired) told_[object->key] = object;
    opened_with_truth_ = cloud_.backend_->ready();
  }
  // The answer crosses from the control shard, behind it every change.
  run_.scheduler.after(Duration::zero(), [self = shared_from_this(), answer = std::move(answer)] {
    if (self->dead_ || self->finishing_) return;
    self->protocol_.on_opened(answer, self->run_.now());
    self->step();
  });
}

void SimCloud::Session::desired(std::vector<cloudhub::DesiredChange> changes) {
  if (dead_ || finishing_) return;
  if (run_.faults && run_.random.chance(20)) {
    // Slow and twice: the end of an old uid is told again when the name may be taken by a new one.
    auto again = changes;
    std::erase_if(again, [](const auto& change) {
      return change.object != nullptr || change.key.kind != Kind::kPod;
    });
    run_.scheduler.after(run_.random.between(100ms, 8s), [self = shared_from_this(), again] {
      // Of a uid that has ended; a restore may have brought it back.
      if (self->dead_ || self->finishing_ || self->run_.recently_restored()) return;
      self->protocol_.on_desired(again, self->run_.now());
      self->step();
    });
  }
  posted_.push_back(std::move(changes));
  run_.scheduler.after(run_.random.between(0ms, 2ms),
                       [self = shared_from_this()] { self->drain_feed(); });
}

void SimCloud::Session::drain_feed() {
  if (dead_ || finishing_ || posted_.empty()) return;
  std::vector<cloudhub::DesiredChange> changes = std::move(posted_.front());
  posted_.pop_front();
  for (const cloudhub::DesiredChange& change : changes) {
    if (change.object) {
      told_[change.key] = change.object;
    } else if (const auto at = told_.find(change.key);
               at != told_.end() && at->second->uid == change.uid) {
      told_.erase(at);
    }
  }
  protocol_.on_desired(std::move(changes), run_.now());
  step();
}

void SimCloud::Session::end(lane::Goodbye goodbye) {
  if (dead_ || finishing_) return;
  protocol_.end(std::move(goodbye), run_.now());
  step();
}

void SimCloud::Session::step() {
  if (dead_ || finishing_ || stepping_) return;
  stepping_ = true;
  bool more = true;
  while (more && !dead_ && !finishing_) {
    more = false;
    for (cloudhub::Effect& effect : protocol_.take_effects()) {
      more = true;
      if (!perform(effect)) break;
    }
    if (dead_ || finishing_) break;
    more |= wire_.pump([this](bool objects_too) {
      std::optional<lane::Message> message = protocol_.next_message(run_.now(), objects_too);
      if (message) check(*message);
      return message;
    });
  }
  stepping_ = false;
  if (!dead_ && !finishing_) set_timer();
}

bool SimCloud::Session::perform(cloudhub::Effect& effect) {
  const char* what = kEffects[effect.index()];
  run_.note(what);
  if (run_.crashes.dies("cloud", what, false, run_.coverage)) {
    cloud_.crash(run_.random.between(500ms, 8s));
    return false;
  }
  carry_out(effect);
  if (run_.crashes.dies("cloud", what, true, run_.coverage)) {
    cloud_.crash(run_.random.between(500ms, 8s));
    return false;
  }
  return !dead_ && !finishing_;
}

void SimCloud::Session::carry_out(cloudhub::Effect& effect) {
  const auto self = shared_from_this();
  const auto guarded = [self](auto enter) {
    return [self, enter](auto answer) {
      if (self->dead_ || self->finishing_) return;
      enter(self->protocol_, std::move(answer), self->run_.now());
      self->step();
    };
  };
  SimBackend& backend = *cloud_.backend_;
  const NodeName& node = protocol_.node();
  if (auto* open = std::get_if<cloudhub::Open>(&effect)) cloud_.admit(self, std::move(*open));
  if (auto* prepare = std::get_if<cloudhub::PreparePod>(&effect)) {
    const Uid uid = prepare->pod->uid;
    backend.prepare_pod(node, prepare->pod,
                        guarded([uid](auto& protocol, cloudhub::PodPrelude prelude, TimePoint now) {
                          protocol.on_prepared(uid, std::move(prelude), now);
                        }));
  }
  if (auto* apply = std::get_if<cloudhub::Apply>(&effect)) {
    backend.apply(node, protocol_.epoch(), protocol_.store(), std::move(apply->report),
                  guarded([](auto& protocol, lane::ReportVerdict verdict, TimePoint now) {
                    protocol.on_applied(std::move(verdict), now);
                  }));
  }
  if (auto* mint = std::get_if<cloudhub::MintToken>(&effect)) {
    backend.token(node, std::move(mint->query),
                  guarded([](auto& protocol, lane::TokenGrant grant, TimePoint now) {
                    protocol.on_token(std::move(grant), now);
                  }));
  }
  if (auto* refused = std::get_if<cloudhub::Refused>(&effect)) {
    backend.refused(node, refused->object, refused->nack);
  }
  if (std::holds_alternative<cloudhub::Renew>(effect)) {
    protocol_.on_certificate(lane::CertificateReply{"certificate", ""}, run_.now());
  }
  if (const auto* holds = std::get_if<cloudhub::HoldsBundle>(&effect)) {
    if (!cloud_.stored_[node].contains(holds->digest)) {
      run_.complain("a CA counts as held only where it is durable", node.str());
    }
  }
  if (std::holds_alternative<cloudhub::Close>(effect)) {
    wire_.pump([this](bool) { return protocol_.next_message(run_.now(), false); });
    finish(false);
  }
}

void SimCloud::Session::finish(bool lost) {
  if (dead_ || finishing_) return;
  finishing_ = true;
  if (lost) {
    link_->close(Side::kCloud, true);
  } else {
    // What was written last still leaves, then the socket closes.
    run_.scheduler.after(1s, [link = link_] { link->close(Side::kCloud, false); });
  }
  cloud_.backend_->close(protocol_.node(), protocol_.epoch(), [self = shared_from_this()] {
    if (!self->dead_) self->cloud_.finished(self);
  });
}

void SimCloud::Session::set_timer() {
  const TimePoint deadline = protocol_.next_deadline();
  if (deadline >= timer_at_) return;
  timer_at_ = deadline;
  run_.scheduler.at(deadline, [weak = weak_from_this(), deadline] {
    const auto self = weak.lock();
    if (!self || self->timer_at_ != deadline) return;
    self->timer_at_ = TimePoint::max();
    if (self->dead_ || self->finishing_) return;
    self->protocol_.on_time(self->run_.now());
    self->step();
  });
}

void SimCloud::Session::check(const lane::Message& message) {
  run_.note("cloud says", message.index() * 1000 + trace_number(message));
  if (const auto* upsert = std::get_if<lane::Upsert>(&message)) {
    run_.note("upsert " + upsert->object->key.text() + " " + upsert->object->uid.str());
    check_upsert_is_the_newest(run_, *this, *upsert);
  }
  if (const auto* remove = std::get_if<lane::Remove>(&message)) {
    run_.note("remove " + remove->key.text() + " " + remove->uid.str());
    check_remove_follows_the_truth(run_, cloud_.api_, *this, *remove);
  }
  check_cloud_memory_is_bounded(run_, *this);
}

}  // namespace skerry::sim
