#include "edgecore/edgehub/edge_hub.h"

#include "common/base/log.h"

namespace skerry::edgehub {
namespace {

constexpr const char* kForeignClusterAdvice =
    "cloudcore serves another cluster than this node belongs to: what runs is kept and nothing is "
    "removed; to let the node follow that cluster: `cloudcore node accept NAME`";

}  // namespace

const char* to_string(RedialCause cause) {
  switch (cause) {
    case RedialCause::kBackoff: return "backoff";
    case RedialCause::kNetwork: return "network";
    case RedialCause::kClock: return "clock";
    case RedialCause::kSleep: return "sleep";
    case RedialCause::kCount: break;
  }
  return "unknown";
}

EdgeHub::EdgeHub(async::Executor executor,
                 seam::World world,
                 LinkProtocol::Identity identity,
                 LinkProtocol::Admit admit,
                 metamanager::MetaManager& meta,
                 Dial dial,
                 LinkHandlers handlers)
    : executor_(executor),
      world_(world),
      meta_(meta),
      dial_(std::move(dial)),
      handlers_(std::move(handlers)),
      protocol_(std::move(identity), std::move(admit), world.random),
      tasks_(executor),
      changed_(executor) {
  status_.since = world_.clock.wall();
  meta_.on_reports_added([this](std::vector<lane::Report> added) {
    protocol_.on_reports(std::move(added), world_.clock.now());
    wake();
  });
}

EdgeHub::~EdgeHub() = default;

async::Task<void> EdgeHub::run() {
  while (!stopping_) {
    const Ended ended = co_await connect_once();
    set_live(false);
    const Duration backoff = protocol_.on_disconnected(ended, world_.clock.now());
    co_await wait_for_redial(backoff);
  }
  co_await tasks_.join();
}

async::Task<void> EdgeHub::wait_for_redial(Duration backoff) {
  const TimePoint until = world_.clock.now() + backoff;
  bool over = false;
  while (!over && !stopping_ && !redial_asked_) {
    const bool notified = co_await changed_.wait_until(until);
    over = !notified || world_.clock.now() >= until;
  }
  if (stopping_) co_return;
  const RedialCause cause = std::exchange(redial_asked_, std::nullopt).value_or(
      RedialCause::kBackoff);
  ++status_.redials[static_cast<std::size_t>(cause)];
  if (cause == RedialCause::kBackoff) co_return;
  protocol_.forget_failures();
  log::info("dialling at once", {{"cause", to_string(cause)}});
}

async::Task<Ended> EdgeHub::connect_once() {
  const auto attempt = std::make_shared<Attempt>();
  tasks_.spawn("dial", dial_into(attempt));
  while (!attempt->lane && !redial_asked_ && !stopping_) {
    co_await changed_.wait_until(TimePoint::max());
  }
  if (!attempt->lane) co_return Ended::kLost;  // its lane, if there comes one, is dropped
  if (*attempt->lane) {
    std::unique_ptr<lane::Lane> lane = std::move(**attempt->lane);
    co_return co_await serve(std::move(lane));
  }
  const Error why = attempt->lane->error();
  ++status_.failed_dials;
  if (status_.last_error != why.what) {
    log::warning("cloudcore cannot be reached; what runs goes on", {why});
  }
  status_.last_error = why.what;
  co_return why.code == Code::kUnauthorized ? Ended::kUnauthorized : Ended::kLost;
}

async::Task<void> EdgeHub::dial_into(std::shared_ptr<Attempt> attempt) {
  ++dials_;
  attempt->lane = co_await dial_();
  --dials_;
  changed_.notify();
}

async::Task<Ended> EdgeHub::serve(std::unique_ptr<lane::Lane> lane) {
  const auto snapshot = co_await meta_.snapshot();
  if (!snapshot) {
    status_.last_error = snapshot.error().what;
    log::error("the store cannot be read; trying again", {snapshot.error()});
    co_return Ended::kLost;
  }
  ++status_.connections;
  disconnecting_ = violated_ = false;
  redial_asked_.reset();
  pump_ = std::make_unique<lane::Pump>(executor_, std::move(lane), *this, world_.clock);
  protocol_.on_connected(
      {snapshot->store, snapshot->cluster, snapshot->content, snapshot->status, snapshot->seen},
      world_.clock.now());
  if (stopping_) pump_->close();
  const Error why = co_await pump_->run();
  pump_.reset();
  if (!disconnecting_) {
    status_.last_error = why.what;
    violated_ = why.code == Code::kMalformed || why.code == Code::kTooLarge;
  }
  if (violated_) {
    log::warning(
        "link down: what came is not what a cloudcore says; is cloudcore of another version, or "
        "something in between? Trying again",
        {{"reason", status_.last_error}});
    co_return Ended::kViolation;
  }
  log::info("link down", {{"reason", status_.last_error}});
  co_return why.code == Code::kUnauthorized ? Ended::kUnauthorized : Ended::kLost;
}

void EdgeHub::stop() {
  stopping_ = true;
  if (pump_) pump_->close();
  changed_.notify();
}

void EdgeHub::redial_now(RedialCause cause) {
  if (pump_ || dials_ >= kDialsMax) return;
  redial_asked_ = cause;
  changed_.notify();
}

void EdgeHub::reconnect(RedialCause cause) {
  if (!pump_) return redial_now(cause);
  log::info("the connection cannot work any more: it is given up", {{"cause", to_string(cause)}});
  redial_asked_ = cause;
  pump_->close();
}

std::string EdgeHub::local_address() const { return pump_ ? pump_->lane().local_address() : ""; }

bool EdgeHub::ask_token(k8s::ObjectKey pod, lane::TokenSlot slot) {
  const bool asked = protocol_.ask_token(std::move(pod), std::move(slot));
  wake();
  return asked;
}

bool EdgeHub::renew(lane::RenewRequest request) {
  const bool asked = protocol_.renew(std::move(request));
  wake();
  return asked;
}

void EdgeHub::holds_ca_bundle(Digest digest) {
  protocol_.holds_ca_bundle(digest);
  wake();
}

LinkStatus EdgeHub::status() const {
  LinkStatus out = status_;
  out.figures = protocol_.figures();
  return out;
}

void EdgeHub::wake() {
  if (pump_) pump_->wake();
}

void EdgeHub::set_live(bool live) {
  if (status_.live == live) return;
  status_.live = live;
  status_.since = world_.clock.wall();
  if (handlers_.link_changed) handlers_.link_changed(live);
}

// ---- lane::Endpoint --------------------------------------------------------------------------

void EdgeHub::on_message(lane::Message message, TimePoint now) {
  protocol_.on_message(std::move(message), now);
}

void EdgeHub::on_received(TimePoint last_received) { protocol_.on_received(last_received); }

void EdgeHub::on_time(TimePoint now) { protocol_.on_time(now); }

std::optional<lane::Message> EdgeHub::next_message(TimePoint now, bool bulk_too) {
  return protocol_.next_message(now, bulk_too);
}

TimePoint EdgeHub::next_deadline() const { return protocol_.next_deadline(); }

bool EdgeHub::act() {
  for (Effect& effect : protocol_.take_effects()) {
    std::visit([this](auto&& one) { perform(std::move(one)); }, std::move(effect));
  }
  return !disconnecting_;
}

// ---- effects ---------------------------------------------------------------------------------

void EdgeHub::perform(Commit effect) {
  meta_.commit(std::move(effect.batch), [this, id = effect.id](Result<void> result) {
    protocol_.on_committed(id, result, world_.clock.now());
    wake();
  });
}

void EdgeHub::perform(LoadReports effect) { tasks_.spawn("load reports", load_reports(effect)); }

async::Task<void> EdgeHub::load_reports(LoadReports effect) {
  auto page = co_await meta_.reports_after(effect.after, effect.limit);
  if (!page) {
    log::error("waiting reports cannot be read", {page.error()});
    if (pump_) pump_->close();
    co_return;
  }
  protocol_.on_page(effect.id, std::move(*page), world_.clock.now());
  wake();
}

void EdgeHub::perform(ReportAgain effect) {
  if (handlers_.report_again) handlers_.report_again(std::move(effect.key), std::move(effect.uid));
}

void EdgeHub::perform(TokenArrived effect) {
  if (handlers_.token) handlers_.token(std::move(effect.grant));
}

void EdgeHub::perform(ReportRefused effect) {
  ++status_.reports_refused;
  log::warning("the cloud refused a report",
               {{"object", effect.key.text()}, {"code", effect.code}});
}

void EdgeHub::perform(NewCertificate effect) {
  if (handlers_.new_certificate) handlers_.new_certificate(std::move(effect.reply));
}

void EdgeHub::perform(NewCaBundle effect) {
  if (handlers_.new_ca_bundle) handlers_.new_ca_bundle(std::move(effect.pem));
}

void EdgeHub::perform(Welcomed effect) {
  status_.foreign_cluster = false;
  status_.last_error.clear();
  log::info("link up", {{"in_sync", effect.in_sync ? "true" : "false"}});
  set_live(true);
}

void EdgeHub::perform(ForeignCluster effect) {
  status_.foreign_cluster = true;
  status_.last_error = kForeignClusterAdvice;
  log::error(kForeignClusterAdvice,
             {{"ours", effect.ours.str()}, {"theirs", effect.theirs.str()}});
}

void EdgeHub::perform(Disconnect effect) {
  disconnecting_ = true;
  violated_ = effect.violation;
  status_.last_error = std::move(effect.reason);
}

}  // namespace skerry::edgehub
