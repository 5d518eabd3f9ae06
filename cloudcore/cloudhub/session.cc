#include "cloudcore/cloudhub/session.h"

#include "common/base/log.h"

namespace skerry::cloudhub {
namespace {

bool breaks_rules(Code code) { return code == Code::kMalformed || code == Code::kTooLarge; }

}  // namespace

Session::Session(async::Executor shard,
                 std::unique_ptr<lane::Lane> lane,
                 NodeName node,
                 Epoch epoch,
                 NodeBackend& backend,
                 SessionHost& host,
                 seam::World world)
    : shard_(shard),
      world_(world),
      backend_(backend),
      host_(host),
      protocol_(std::move(node), epoch, world.clock.now()),
      pump_(shard, std::move(lane), *this, world.clock) {}

async::Task<void> Session::run(std::shared_ptr<Session> self) {
  const std::string remote = self->pump_.lane().remote_address();
  const Error why = co_await self->pump_.run();
  self->count();
  const std::string reason = self->close_reason_.empty() ? why.what : self->close_reason_;
  if (self->violated_ || (self->close_reason_.empty() && breaks_rules(why.code))) {
    self->host_.traffic().add_refused();
    log::warning("session ended: the edge does not keep to the protocol",
                 {{"node", self->node().str()},
                  {"epoch", self->epoch().value()},
                  {"remote", remote},
                  {"reason", reason},
                  {"audit", "denied"}});
    co_return;
  }
  log::info("session over", {{"node", self->node().str()},
                             {"epoch", self->epoch().value()},
                             {"remote", remote},
                             {"reason", reason}});
}

// ---- from the control shard ------------------------------------------------------------------

void Session::desired(std::vector<DesiredChange> changes) {
  async::post(shard_, [self = shared_from_this(), changes = std::move(changes)]() mutable {
    self->protocol_.on_desired(std::move(changes), self->world_.clock.now());
    self->pump_.wake();
  });
}

void Session::end(lane::Goodbye goodbye) {
  async::post(shard_, [self = shared_from_this(), goodbye = std::move(goodbye)]() mutable {
    self->protocol_.end(std::move(goodbye), self->world_.clock.now());
    self->pump_.wake();
  });
}

void Session::trust(CaBundlePtr bundle) {
  async::post(shard_, [self = shared_from_this(), bundle = std::move(bundle)] {
    self->protocol_.on_ca_bundle(bundle, self->world_.clock.now());
    self->pump_.wake();
  });
}

// ---- from the pump ---------------------------------------------------------------------------

void Session::on_message(lane::Message message, TimePoint now) {
  protocol_.on_message(std::move(message), now);
}

std::optional<lane::Message> Session::next_message(TimePoint now, bool bulk_too) {
  return protocol_.next_message(now, bulk_too);
}

bool Session::act() {
  for (Effect& effect : protocol_.take_effects()) {
    std::visit([this](auto&& one) { perform(std::move(one)); }, std::move(effect));
  }
  count();
  return !closing_;
}

void Session::count() {
  const SessionProtocol::Figures now = protocol_.counts();
  host_.traffic().add(counted_, now);
  counted_ = now;
}

// ---- effects ---------------------------------------------------------------------------------

template <class Answer>
auto Session::back(void (Session::*enter)(Answer)) {
  return [weak = weak_from_this(), shard = shard_, enter](Answer answer) {
    async::post(shard, [weak, enter, answer = std::move(answer)]() mutable {
      const std::shared_ptr<Session> self = weak.lock();
      if (!self) return;
      (self.get()->*enter)(std::move(answer));
      self->pump_.wake();
    });
  };
}

void Session::perform(Open effect) {
  host_.admit(std::move(effect), shared_from_this(), back(&Session::enter_opened));
}

void Session::perform(PreparePod effect) {
  const Uid pod = effect.pod->uid;
  backend_.prepare_pod(
      node(), effect.pod, [weak = weak_from_this(), shard = shard_, pod](PodPrelude prelude) {
        async::post(shard, [weak, pod, prelude = std::move(prelude)]() mutable {
          const std::shared_ptr<Session> self = weak.lock();
          if (!self) return;
          self->protocol_.on_prepared(pod, std::move(prelude), self->world_.clock.now());
          self->pump_.wake();
        });
      });
}

void Session::perform(Apply effect) {
  backend_.apply(node(), epoch(), protocol_.store(), std::move(effect.report),
                 back(&Session::enter_applied));
}

void Session::perform(MintToken effect) {
  backend_.token(node(), std::move(effect.query), back(&Session::enter_token));
}

void Session::perform(Refused effect) {
  backend_.refused(node(), std::move(effect.object), std::move(effect.nack));
}

void Session::perform(Renew effect) {
  host_.renew(pump_.lane().peer(), std::move(effect.request), back(&Session::enter_certificate));
}

void Session::perform(HoldsBundle effect) { host_.holds_bundle(node(), effect.digest); }

void Session::perform(Close effect) {
  closing_ = true;
  violated_ = effect.violation;
  close_reason_ = std::move(effect.reason);
}

void Session::enter_opened(OpenAnswer answer) {
  protocol_.on_opened(std::move(answer), world_.clock.now());
}

void Session::enter_applied(lane::ReportVerdict verdict) {
  protocol_.on_applied(std::move(verdict), world_.clock.now());
}

void Session::enter_token(lane::TokenGrant grant) {
  protocol_.on_token(std::move(grant), world_.clock.now());
}

void Session::enter_certificate(Result<lane::CertificateReply> reply) {
  protocol_.on_certificate(std::move(reply), world_.clock.now());  // JoinService logged an error
}

}  // namespace skerry::cloudhub
