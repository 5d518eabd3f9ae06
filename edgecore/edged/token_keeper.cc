#include "edgecore/edged/token_keeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/base64.h"
#include "common/base/log.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"

namespace skerry::edged {
namespace {

using std::chrono::seconds;

constexpr auto kOldestToken = std::chrono::hours(24);

}  // namespace

WallTime real_expiry(const lane::TokenGrant& grant) {
  const std::string_view token = grant.token;
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return grant.expires;
  const Result<std::string> claims = decode_base64url(token.substr(first + 1, second - first - 1));
  if (!claims) return grant.expires;
  const auto json = nlohmann::json::parse(*claims, nullptr, false);
  const std::int64_t exp = k8s::fields::number(json, "exp").value_or(0);
  return exp > 0 ? WallTime(seconds(exp)) : grant.expires;
}

WallTime renewal_due(const lane::TokenGrant& grant) {
  const auto life = grant.expires - grant.issued;
  const auto kubelet = std::min<WallTime::duration>(life * 8 / 10, kOldestToken);
  return grant.issued + std::max(kubelet, (real_expiry(grant) - grant.issued) / 2);
}

TokenKeeper::TokenKeeper(async::Executor executor,
                         seam::World world,
                         metamanager::MetaManager& meta,
                         Ask ask)
    : executor_(executor), world_(world), meta_(meta), ask_(std::move(ask)), wakeup_(executor) {}

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
  std::map<lane::TokenSlot, TimePoint> still;
  for (const metamanager::StoredObject& pod : *pods) {
    if (pod.refused_code.empty()) co_await look_at(pod.object, still);
  }
  asked_ = std::move(still);
}

async::Task<void> TokenKeeper::look_at(k8s::ObjectPtr pod,
                                       std::map<lane::TokenSlot, TimePoint>& still) {
  const auto sources = k8s::token_sources(*pod);
  if (!sources) co_return;
  for (const k8s::TokenSource& source : *sources) {
    const lane::TokenSlot slot{pod->uid, source.volume, source.path};
    const auto stored = co_await meta_.token(slot);
    if (!stored) co_return;
    const bool due = !*stored || world_.clock.wall() >= renewal_due(**stored);
    if (!due) continue;
    const auto asked = asked_.find(slot);
    const TimePoint now = world_.clock.now();
    const bool waiting = asked != asked_.end() && now < asked->second + kAskAgain;
    if (waiting) {
      still[slot] = asked->second;
    } else if (ask_(pod->key, slot)) {
      still[slot] = now;
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
