#include "edgecore/edged/token_keeper.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/k8s/pod_refs.h"

namespace skerry::edged {
namespace {

constexpr auto kOldestToken = std::chrono::hours(24);

}  // namespace

WallTime renewal_due(const lane::TokenGrant& grant) {
  const auto life = grant.expires - grant.issued;
  const auto kubelet = std::min<WallTime::duration>(life * 8 / 10, kOldestToken);
  return grant.issued + std::max(kubelet, (real_expiry(grant) - grant.issued) / 2);
}

TokenKeeper::TokenKeeper(async::Executor executor,
                         seam::World world,
                         metamanager::MetaManager& meta,
                         Duration lease,
                         Ask ask)
    : world_(world), meta_(meta), lease_(lease), ask_(std::move(ask)), wakeup_(executor) {}

async::Task<void> TokenKeeper::run() {
  while (!stopping_) {
    for (lane::TokenGrant& grant : std::exchange(arrived_, {})) co_await store(std::move(grant));
    co_await look();
    co_await wakeup_.wait_until(world_.clock.now() + kLookInterval);
  }
}

void TokenKeeper::stop() {
  stopping_ = true;
  wakeup_.notify();
}

void TokenKeeper::on_grant(lane::TokenGrant grant) {
  arrived_.push_back(std::move(grant));
  wakeup_.notify();
}

async::Task<void> TokenKeeper::look() {
  const auto pods = co_await meta_.list(k8s::Kind::kPod);
  if (!pods) co_return;  // a store that cannot be read is told by whoever needs more than this
  Look look;
  for (const metamanager::StoredObject& pod : *pods) {
    if (pod.refused_code.empty()) co_await look_at(pod.object, look);
  }
  asked_ = std::move(look.asked);
  tell(look.figures);
}

/// Once when it begins and once when it is over, and not for each token.
void TokenKeeper::tell(const TokenFigures& now) {
  const TokenFigures before = std::exchange(figures_, now);
  if (before.leased == 0 && now.leased > 0) {
    log::warning("service-account tokens have expired while the cloud is away; they are served on",
                 {{"tokens", std::to_string(now.leased)}});
  }
  if (before.ended < now.ended) {
    log::error(
        "service-account tokens are past the offline lease (skerry.offlineCredentialLease); their "
        "files are removed from the pods' volumes until the cloud renews them",
        {{"tokens", std::to_string(now.ended)}});
  }
  if (before.leased + before.ended > 0 && now.leased + now.ended == 0) {
    log::info("no service-account token is expired any more");
  }
}

async::Task<void> TokenKeeper::look_at(k8s::ObjectPtr pod, Look& look) {
  const auto sources = k8s::token_sources(*pod);
  if (!sources) co_return;
  for (const k8s::TokenSource& source : *sources) {
    const lane::TokenSlot slot{pod->uid, source.volume, source.path};
    const auto stored = co_await meta_.token(slot);
    if (!stored) co_return;
    const WallTime wall = world_.clock.wall();
    if (*stored) {
      const TokenState state = token_state(**stored, lease_, wall);
      ++look.figures.stored;
      if (state == TokenState::kLeased) ++look.figures.leased;
      if (state == TokenState::kEnded) ++look.figures.ended;
    }
    const bool due = !*stored || wall >= renewal_due(**stored);
    if (!due) continue;
    const auto asked = asked_.find(slot);
    const TimePoint now = world_.clock.now();
    const bool waiting = asked != asked_.end() && now < asked->second + kAskAgain;
    if (waiting) {
      look.asked[slot] = asked->second;
    } else if (ask_(pod->key, slot)) {
      look.asked[slot] = now;
    }
  }
}

async::Task<void> TokenKeeper::store(lane::TokenGrant grant) {
  if (grant.token.empty()) {
    log::warning("a token was refused; the old one stays",
                 {{"pod_uid", grant.slot.pod.str()}, {"reason", grant.error}});
    co_return;
  }
  metamanager::Batch batch;
  batch.tokens.push_back(std::move(grant));
  const Result<void> committed = co_await meta_.commit(std::move(batch));
  if (!committed) {
    metamanager::MetaManager::log_not_stored("a token cannot be stored", committed.error());
  }
}

}  // namespace skerry::edged
